package main

// A plain TCP socket without Go's network poller: blocking for single calls, switched to non-blocking where the
// loop of drive.go serves many of them on one thread. That keeps the load's own share of the machine small.

import (
	"encoding/binary"
	"fmt"
	"net"
	"syscall"
)

const answerBytesMax = 128 << 20

type socket struct {
	fd     int
	buffer []byte // the last answer; the next one overwrites it
}

func dial(address string) (*socket, error) {
	resolved, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	target := &syscall.SockaddrInet4{Port: resolved.Port}
	copy(target.Addr[:], resolved.IP.To4())
	if err := syscall.Connect(fd, target); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 60})
	return &socket{fd: fd}, nil
}

func (s *socket) close() { syscall.Close(s.fd) }

func (s *socket) send(frame []byte) error {
	for len(frame) > 0 {
		n, err := syscall.Write(s.fd, frame)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		frame = frame[n:]
	}
	return nil
}

// receive gives the next answer's body, behind length and correlation id, until the next call.
func (s *socket) receive() ([]byte, error) {
	var head [8]byte
	if err := s.readFull(head[:]); err != nil {
		return nil, err
	}
	length := int(int32(binary.BigEndian.Uint32(head[:]))) - 4
	if length < 0 || length > answerBytesMax {
		return nil, fmt.Errorf("an answer announces %d bytes", length)
	}
	if cap(s.buffer) < length {
		s.buffer = make([]byte, length)
	}
	body := s.buffer[:length]
	return body, s.readFull(body)
}

func (s *socket) readFull(b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Read(s.fd, b)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("the broker closed the connection")
		}
		b = b[n:]
	}
	return nil
}

func (s *socket) call(frame []byte) ([]byte, error) {
	if err := s.send(frame); err != nil {
		return nil, err
	}
	return s.receive()
}
