package main

// One thread drives all connections of a produce load through epoll: it counts answers, checks each one's error
// code, and writes the frames that may follow. A closed loop keeps a fixed number of requests in flight. An open
// loop sends on a timer whether or not answers came, and counts a latency from the time its request was due, so
// that a slow broker cannot hide its queue.

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

const quietMax = 60 * time.Second

type pace struct {
	inFlight int           // of a connection in a closed loop; or
	interval time.Duration // between requests in an open loop
}

// outcome is what a drive saw. One error code ends it: the numbers of such a run mean nothing.
type outcome struct {
	requests  int
	errors    map[int16]int
	latencies []time.Duration
	elapsed   time.Duration
}

type driver struct {
	outcome
	streams          []*stream
	pace             pace
	epoll, timer     int
	start, now, last time.Time // last: when the last answer came
	sent             int
	sending          bool
}

// drive sends for so long or so many frames, then waits for the last answer.
func drive(streams []*stream, p pace, duration time.Duration, framesMax int) (outcome, error) {
	runtime.LockOSThread()
	d := &driver{streams: streams, pace: p, sending: true}
	d.errors = map[int16]int{}
	d.latencies = make([]time.Duration, 0, 1<<21)
	if err := d.open(); err != nil {
		return d.outcome, err
	}
	defer syscall.Close(d.epoll)
	defer syscall.Close(d.timer)
	if p.interval == 0 {
		for i := range streams {
			if err := d.send(i, p.inFlight, d.start); err != nil {
				return d.outcome, err
			}
		}
	}
	events := make([]syscall.EpollEvent, 256)
	for d.sending || d.requests < d.sent {
		n, err := syscall.EpollWait(d.epoll, events, 1_000)
		if err != nil && err != syscall.EINTR {
			return d.outcome, err
		}
		d.now = time.Now()
		d.sending = d.sending && d.now.Sub(d.start) < duration && d.sent < framesMax && len(d.errors) == 0
		for i := 0; i < n; i++ {
			if err := d.serve(events[i]); err != nil {
				return d.outcome, err
			}
		}
		if d.now.Sub(d.last) > quietMax {
			return d.outcome, fmt.Errorf("no answer for %v, %d requests in flight", quietMax, d.sent-d.requests)
		}
	}
	d.elapsed = time.Since(d.start)
	return d.outcome, nil
}

func (d *driver) open() (err error) {
	if d.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return err
	}
	for i, s := range d.streams {
		if err := d.watch(syscall.EPOLL_CTL_ADD, s.fd, i, syscall.EPOLLIN); err != nil {
			return err
		}
	}
	d.start = time.Now()
	d.now, d.last = d.start, d.start
	if d.timer, err = newTimer(d.pace.interval); err != nil {
		return err
	}
	return d.watch(syscall.EPOLL_CTL_ADD, d.timer, len(d.streams), syscall.EPOLLIN)
}

func (d *driver) watch(operation, fd, index, events int) error {
	return syscall.EpollCtl(d.epoll, operation, fd, &syscall.EpollEvent{Events: uint32(events), Fd: int32(index)})
}

func (d *driver) serve(event syscall.EpollEvent) error {
	index := int(event.Fd)
	if index == len(d.streams) {
		return d.sendDue()
	}
	s := d.streams[index]
	if event.Events&syscall.EPOLLOUT != 0 {
		s.full = false
		if err := d.watch(syscall.EPOLL_CTL_MOD, s.fd, index, syscall.EPOLLIN); err != nil {
			return err
		}
	}
	answers := 0
	if event.Events&^syscall.EPOLLOUT != 0 {
		var err error
		if answers, err = s.take(d.count); err != nil {
			return err
		}
	}
	if !d.sending || d.pace.interval > 0 {
		answers = 0
	}
	return d.send(index, answers, d.now)
}

func (d *driver) count(due time.Time, code int16) {
	d.last = d.now
	d.requests++
	d.latencies = append(d.latencies, d.now.Sub(due))
	if code != 0 {
		d.errors[code]++
	}
}

// send owes n more frames to a stream and writes what its socket takes.
func (d *driver) send(index, n int, due time.Time) error {
	s := d.streams[index]
	s.owe(n, due)
	d.sent += n
	wasFull := s.full
	if err := s.flush(); err != nil {
		return err
	}
	if s.full && !wasFull {
		return d.watch(syscall.EPOLL_CTL_MOD, s.fd, index, syscall.EPOLLIN|syscall.EPOLLOUT)
	}
	return nil
}

// sendDue sends what the timer has made due since it was last read, each request on the next connection.
func (d *driver) sendDue() error {
	var expirations [8]byte
	if n, err := syscall.Read(d.timer, expirations[:]); n != 8 {
		return fmt.Errorf("read the timer: %w", err)
	}
	for due := binary.NativeEndian.Uint64(expirations[:]); due > 0 && d.sending; due-- {
		at := d.start.Add(time.Duration(d.sent+1) * d.pace.interval)
		if err := d.send(d.sent%len(d.streams), 1, at); err != nil {
			return err
		}
	}
	return nil
}

// newTimer is a timerfd that fires every interval from now; an interval of 0 never fires. Go's own timers are too
// coarse here: its poller waits in whole milliseconds.
func newTimer(interval time.Duration) (int, error) {
	const clockMonotonic = 1
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return -1, fmt.Errorf("timerfd_create: %w", errno)
	}
	each := syscall.NsecToTimespec(interval.Nanoseconds())
	setting := [2]syscall.Timespec{each, each}
	_, _, errno = syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0)
	if errno != 0 {
		return -1, fmt.Errorf("timerfd_settime: %w", errno)
	}
	return int(fd), nil
}
