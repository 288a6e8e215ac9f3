package main

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"time"
)

const (
	copiedBytesMax = 64 << 10 // one write carries as many small frames
	unreadBytesMax = 64 << 10
)

// stream is one connection that repeats one prebuilt Produce frame.
type stream struct {
	fd         int
	copies     []byte // the frame, as often as one write may carry it
	frameBytes int
	errorAt    int         // of the error code in an answer
	written    int         // bytes of the current frame that are out
	owed       int         // bytes that may be written
	dueAt      []time.Time // of the requests in flight, oldest first
	unread     []byte      // the answers' bytes so far
	full       bool        // the socket took no more; epoll tells when it does
}

func newStream(address, topic string, partition int, acks int16, batch []byte, inFlight int) (*stream, error) {
	s, err := dial(address)
	if err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(s.fd, true); err != nil {
		return nil, err
	}
	one := produceFrame(topic, partition, acks, batch)
	copies := append([]byte{}, one...)
	for n := 1; n < inFlight && len(copies)+len(one) <= copiedBytesMax; n++ {
		copies = append(copies, one...)
	}
	return &stream{
		fd: s.fd, copies: copies, frameBytes: len(one), errorAt: produceErrorAt(topic),
		unread: make([]byte, 0, unreadBytesMax),
	}, nil
}

// owe lets n more frames out.
func (s *stream) owe(n int, due time.Time) {
	s.owed += n * s.frameBytes
	for ; n > 0; n-- {
		s.dueAt = append(s.dueAt, due)
	}
}

// flush writes what is owed. The bytes repeat with every frame, so a write may begin inside any copy.
func (s *stream) flush() error {
	for s.owed > 0 && !s.full {
		end := min(s.written+s.owed, len(s.copies))
		n, err := syscall.Write(s.fd, s.copies[s.written:end])
		switch err {
		case nil:
			s.owed -= n
			s.written = (s.written + n) % s.frameBytes
		case syscall.EAGAIN:
			s.full = true
		case syscall.EINTR:
		default:
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

// take reads what has come and hands each whole answer's error code over.
func (s *stream) take(each func(due time.Time, code int16)) (answers int, err error) {
	n, err := syscall.Read(s.fd, s.unread[len(s.unread):cap(s.unread)])
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	if n == 0 {
		return 0, fmt.Errorf("the broker closed a connection")
	}
	rest := s.unread[:len(s.unread)+n]
	for len(rest) >= 4 {
		length := 4 + int(binary.BigEndian.Uint32(rest))
		if length < s.errorAt+2 || length > unreadBytesMax {
			return answers, fmt.Errorf("an answer to Produce has %d bytes", length)
		}
		if len(rest) < length {
			break
		}
		if answers == len(s.dueAt) {
			return answers, fmt.Errorf("more answers than requests")
		}
		each(s.dueAt[answers], int16(binary.BigEndian.Uint16(rest[s.errorAt:])))
		answers++
		rest = rest[length:]
	}
	s.dueAt = s.dueAt[:copy(s.dueAt, s.dueAt[answers:])]
	s.unread = s.unread[:copy(s.unread[:unreadBytesMax], rest)]
	return answers, nil
}
