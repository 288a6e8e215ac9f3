package main

import (
	"fmt"
	"time"
)

// member is one raw consumer of a classic group.
type member struct {
	socket      *socket
	group       string
	topic       string
	id          string
	generations []int
	led         int // members that this one, as leader, assigned to
	err         error
}

// awaitCoordinator asks until the group's coordinator is there and has loaded the group's partition.
func awaitCoordinator(s *socket, group string) error {
	for give := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		body, err := s.call(newFrame(apiFindCoordinator).string(group).int8(0).done())
		if err != nil {
			return err
		}
		found := &answer{b: body}
		found.int32() // throttle time
		code := found.int16()
		if code == errorNone {
			if body, err = s.call(newFrame(apiDescribeGroups).int32(1).string(group).done()); err != nil {
				return err
			}
			described := &answer{b: body}
			described.count()
			if code = described.int16(); code == errorNone {
				return described.err
			}
		}
		if time.Now().After(give) {
			return fmt.Errorf("the coordinator of group %s answers error %d", group, code)
		}
	}
}

// enter joins and syncs until a generation holds.
func (m *member) enter() {
	for {
		joined, err := m.join()
		if err != nil {
			m.err = err
			return
		}
		if joined.code == errorMemberIDRequired || joined.code == errorRebalanceInProgress {
			continue
		}
		if joined.code != errorNone {
			m.err = fmt.Errorf("JoinGroup answers error %d", joined.code)
			return
		}
		m.generations = append(m.generations, joined.generation)
		m.led = len(joined.members)
		code, err := m.sync(joined)
		if err != nil {
			m.err = err
			return
		}
		if code == errorNone {
			return
		}
		if code != errorRebalanceInProgress {
			m.err = fmt.Errorf("SyncGroup answers error %d", code)
			return
		}
	}
}

type joined struct {
	code       int16
	generation int
	leader     string
	members    []string // only the leader is told
}

func (m *member) join() (j joined, err error) {
	subscription := (&frame{}).int16(0).int32(1).string(m.topic).int32(-1).b
	f := newFrame(apiJoinGroup).string(m.group).int32(30_000).int32(30_000).string(m.id).null()
	f.string("consumer").int32(1).string("range").bytes(subscription)
	body, err := m.socket.call(f.done())
	if err != nil {
		return j, err
	}
	a := &answer{b: body}
	a.int32() // throttle time
	j.code, j.generation = a.int16(), a.int32()
	a.string() // protocol
	j.leader, m.id = a.string(), a.string()
	for n := a.count(); n > 0; n-- {
		j.members = append(j.members, a.string())
		a.string() // group instance id
		a.bytes()
	}
	return j, a.err
}

// sync gives every member an empty assignment if this one leads.
func (m *member) sync(j joined) (code int16, err error) {
	assignment := (&frame{}).int16(0).int32(0).int32(-1).b
	f := newFrame(apiSyncGroup).string(m.group).int32(j.generation).string(m.id).null().int32(len(j.members))
	for _, id := range j.members {
		f.string(id).bytes(assignment)
	}
	body, err := m.socket.call(f.done())
	if err != nil {
		return 0, err
	}
	a := &answer{b: body}
	a.int32() // throttle time
	code = a.int16()
	return code, a.err
}
