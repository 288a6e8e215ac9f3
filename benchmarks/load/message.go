package main

// The few requests a load needs, written by hand for one fixed version each, all before flexible versions, so
// that a frame is plain big-endian fields. Produce v7, Fetch v11, Metadata v4, CreateTopics v4,
// ListOffsets v2, FindCoordinator v1, JoinGroup v5, SyncGroup v3,
// DescribeGroups v0.

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	apiProduce         = 0
	apiFetch           = 1
	apiListOffsets     = 2
	apiMetadata        = 3
	apiFindCoordinator = 10
	apiJoinGroup       = 11
	apiSyncGroup       = 14
	apiDescribeGroups  = 15
	apiCreateTopics    = 19
)

var versionOf = map[int16]int16{
	apiProduce: 7, apiFetch: 11, apiListOffsets: 2, apiMetadata: 4, apiFindCoordinator: 1,
	apiJoinGroup: 5, apiSyncGroup: 3, apiDescribeGroups: 0, apiCreateTopics: 4,
}

// frame appends one request: length, header v1, body.
type frame struct{ b []byte }

func newFrame(api int16) *frame {
	f := &frame{make([]byte, 4, 256)}
	f.int16(api).int16(versionOf[api]).int32(0).string("load")
	return f
}

func (f *frame) int8(v int8) *frame   { f.b = append(f.b, byte(v)); return f }
func (f *frame) int16(v int16) *frame { f.b = binary.BigEndian.AppendUint16(f.b, uint16(v)); return f }
func (f *frame) int32(v int) *frame   { f.b = binary.BigEndian.AppendUint32(f.b, uint32(v)); return f }
func (f *frame) int64(v int64) *frame { f.b = binary.BigEndian.AppendUint64(f.b, uint64(v)); return f }
func (f *frame) null() *frame         { return f.int16(-1) }
func (f *frame) string(s string) *frame {
	f.int16(int16(len(s)))
	f.b = append(f.b, s...)
	return f
}
func (f *frame) bytes(b []byte) *frame {
	f.int32(len(b))
	f.b = append(f.b, b...)
	return f
}

// done writes the length and hands the bytes over.
func (f *frame) done() []byte {
	binary.BigEndian.PutUint32(f.b, uint32(len(f.b)-4))
	return f.b
}

// answer walks a response body (behind the length and the correlation id). The first field that does not fit
// sets err; every later one is zero.
type answer struct {
	b   []byte
	at  int
	err error
}

var errShort = errors.New("an answer ends in the middle of a field")

func (a *answer) take(n int) []byte {
	if a.err != nil || n < 0 || a.at+n > len(a.b) {
		a.err = errShort
		return make([]byte, 8)
	}
	a.at += n
	return a.b[a.at-n : a.at]
}
func (a *answer) int16() int16 { return int16(binary.BigEndian.Uint16(a.take(2))) }
func (a *answer) int32() int   { return int(int32(binary.BigEndian.Uint32(a.take(4)))) }
func (a *answer) int64() int64 { return int64(binary.BigEndian.Uint64(a.take(8))) }
func (a *answer) string() string {
	n := int(a.int16())
	if n < 0 {
		return ""
	}
	return string(a.take(n))
}
func (a *answer) bytes() []byte {
	n := a.int32()
	if n < 0 {
		return nil
	}
	return a.take(n)
}

// count reads an array's length, never more than the bytes that remain.
func (a *answer) count() int {
	n := a.int32()
	if n > len(a.b)-a.at {
		a.err = errShort
	}
	if n < 0 || a.err != nil {
		return 0
	}
	return n
}

func produceFrame(topic string, partition int, acks int16, batch []byte) []byte {
	f := newFrame(apiProduce).null().int16(acks).int32(30_000)
	f.int32(1).string(topic).int32(1).int32(partition).bytes(batch)
	return f.done()
}

// produceErrorAt is where the error code stands in an answer to produceFrame, counted from the frame's length
// field: length, correlation id, topics, the topic's name, partitions, the partition's index.
func produceErrorAt(topic string) int { return 4 + 4 + 4 + 2 + len(topic) + 4 + 4 }

func fetchFrame(topic string, partition int, offset int64) []byte {
	f := newFrame(apiFetch).int32(-1).int32(500).int32(1).int32(50 << 20).int8(0).int32(0).int32(-1)
	f.int32(1).string(topic).int32(1).int32(partition).int32(-1).int64(offset).int64(-1).int32(1 << 20)
	return f.int32(0).string("").done() // no forgotten topics, no rack
}

func createTopicFrame(topic string, partitions int) []byte {
	f := newFrame(apiCreateTopics).int32(1).string(topic).int32(partitions).int16(1).int32(0).int32(0)
	return f.int32(60_000).int8(0).done()
}

func createTopicError(b []byte) (int16, error) {
	a := &answer{b: b}
	a.int32() // throttle time
	a.count()
	a.string()
	code := a.int16()
	return code, a.err
}

func metadataFrame(topic string) []byte {
	return newFrame(apiMetadata).int32(1).string(topic).int8(0).done()
}

// leadersIn counts the partitions of the topic that have a leader and no error.
func leadersIn(b []byte) (leaders int, err error) {
	a := &answer{b: b}
	a.int32() // throttle time
	for brokers := a.count(); brokers > 0; brokers-- {
		a.int32()
		a.string()
		a.int32()
		a.string()
	}
	a.string() // cluster id
	a.int32()  // controller
	if a.count() == 0 {
		return 0, a.err
	}
	a.int16()
	a.string()
	a.take(1)
	for partitions := a.count(); partitions > 0; partitions-- {
		code := a.int16()
		a.int32()
		leader := a.int32()
		for lists := 0; lists < 2; lists++ {
			a.take(4 * a.count())
		}
		if code == 0 && leader >= 0 {
			leaders++
		}
	}
	return leaders, a.err
}

func listOffsetsFrame(topic string, partition int, timestamp int64) []byte {
	f := newFrame(apiListOffsets).int32(-1).int8(0)
	return f.int32(1).string(topic).int32(1).int32(partition).int64(timestamp).done()
}

func listedOffset(b []byte) (int64, error) {
	a := &answer{b: b}
	a.int32() // throttle time
	a.count()
	a.string()
	a.count()
	a.int32()
	code := a.int16()
	a.int64() // timestamp
	offset := a.int64()
	if a.err == nil && code != 0 {
		return 0, fmt.Errorf("ListOffsets answers error %d", code)
	}
	return offset, a.err
}
