package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// report is what a run prints, as one line of JSON; fields that a mode does not know are left out.
type report struct {
	Requests          int            `json:"requests,omitempty"`
	Records           int            `json:"records,omitempty"`
	Bytes             int64          `json:"bytes,omitempty"`
	Seconds           float64        `json:"seconds,omitempty"`
	RequestsPerSecond float64        `json:"requestsPerSecond,omitempty"`
	RecordsPerSecond  float64        `json:"recordsPerSecond,omitempty"`
	MegabytesPerSec   float64        `json:"megabytesPerSecond,omitempty"`
	P50Ms             float64        `json:"p50Ms,omitempty"`
	P99Ms             float64        `json:"p99Ms,omitempty"`
	P999Ms            float64        `json:"p999Ms,omitempty"`
	MaxMs             float64        `json:"maxMs,omitempty"`
	Errors            map[string]int `json:"errors,omitempty"`
	CPUSeconds        float64        `json:"cpuSeconds"`
	CPUPerGB          float64        `json:"cpuSecondsPerGB,omitempty"`
	CPUPerRequest     float64        `json:"cpuMicrosecondsPerRequest,omitempty"`
	LoadCPUSeconds    float64        `json:"loadCpuSeconds,omitempty"`
	ResidentBefore    int64          `json:"residentBytesBefore,omitempty"`
	ResidentAfter     int64          `json:"residentBytesAfter,omitempty"`
	ReadyAtUnixMs     float64        `json:"readyAtUnixMs,omitempty"`
	GroupMs           float64        `json:"groupMs,omitempty"`
	GroupMembers      int            `json:"groupMembers,omitempty"`
	Generations       []int          `json:"generations,omitempty"`
}

func (r *report) latencies(l []time.Duration) {
	if len(l) == 0 {
		return
	}
	slices.Sort(l)
	at := func(q float64) float64 { return l[int(q*float64(len(l)-1))].Seconds() * 1_000 }
	r.P50Ms, r.P99Ms, r.P999Ms, r.MaxMs = at(0.5), at(0.99), at(0.999), at(1)
}

// charge writes down what the broker and the load used since before.
func (r *report) charge(pid int, before, loadBefore usage) {
	after, load := usageOf(pid), usageOf(os.Getpid())
	r.LoadCPUSeconds = load.cpuSeconds - loadBefore.cpuSeconds
	if pid == 0 {
		return
	}
	r.CPUSeconds = after.cpuSeconds - before.cpuSeconds
	r.ResidentBefore, r.ResidentAfter = before.residentBytes, after.residentBytes
	if r.Bytes > 0 {
		r.CPUPerGB = r.CPUSeconds / (float64(r.Bytes) / 1e9)
	}
	if r.Requests > 0 {
		r.CPUPerRequest = r.CPUSeconds / float64(r.Requests) * 1e6
	}
}

func (r *report) rates() {
	r.RequestsPerSecond = float64(r.Requests) / r.Seconds
	r.RecordsPerSecond = float64(r.Records) / r.Seconds
	r.MegabytesPerSec = float64(r.Bytes) / r.Seconds / 1e6
}

func runProduce(o options) (r report, err error) {
	batch := newBatch(o.records, o.valueBytes, 1)
	p := pace{inFlight: o.inFlight}
	if o.rate > 0 {
		p = pace{interval: time.Duration(float64(time.Second) / o.rate)}
	}
	streams := make([]*stream, o.connections)
	for i := range streams {
		streams[i], err = newStream(o.broker, o.topic, i%o.partitions, int16(o.acks), batch, o.inFlight)
		if err != nil {
			return r, err
		}
	}
	before, loadBefore := usageOf(o.pid), usageOf(os.Getpid())
	seen, err := drive(streams, p, time.Duration(o.seconds*float64(time.Second)), o.bytesMax/streams[0].frameBytes)
	if err != nil {
		return r, err
	}
	r.Requests, r.Records = seen.requests, seen.requests*o.records
	r.Bytes, r.Seconds = int64(seen.requests)*int64(len(batch)), seen.elapsed.Seconds()
	r.rates()
	r.latencies(seen.latencies)
	r.charge(o.pid, before, loadBefore)
	for code, n := range seen.errors {
		if r.Errors == nil {
			r.Errors = map[string]int{}
		}
		r.Errors[fmt.Sprint(code)] = n
	}
	return r, nil
}

// runFetch follows one partition with one request in flight. Of the answers it reads the batch headers only.
func runFetch(o options) (r report, err error) {
	s, err := dial(o.broker)
	if err != nil {
		return r, err
	}
	from, err := offsetOf(s, o.topic, o.partition, timestampEarliest)
	if err != nil {
		return r, err
	}
	end, err := offsetOf(s, o.topic, o.partition, timestampLatest)
	if err != nil {
		return r, err
	}
	if o.tailBytes > 0 {
		batches := o.tailBytes / len(newBatch(o.records, o.valueBytes, 1))
		from = max(from, end-int64(batches*o.records))
	}
	before, loadBefore := usageOf(o.pid), usageOf(os.Getpid())
	start := time.Now()
	deadline := start.Add(time.Duration(o.seconds * float64(time.Second)))
	for offset := from; time.Now().Before(deadline) && r.Bytes < int64(o.bytesMax); {
		if offset >= end {
			if o.once {
				break
			}
			offset = from
		}
		body, err := s.call(fetchFrame(o.topic, o.partition, offset))
		if err != nil {
			return r, err
		}
		records, err := fetchedRecords(body)
		if err != nil {
			return r, err
		}
		whole, next := endOfBatches(records)
		if whole == 0 || next <= offset {
			return r, fmt.Errorf("nothing came at offset %d of %d", offset, end)
		}
		r.Requests++
		r.Bytes += int64(whole)
		r.Records += int(next - offset)
		offset = next
	}
	r.Seconds = time.Since(start).Seconds()
	r.rates()
	r.charge(o.pid, before, loadBefore)
	return r, nil
}

func fetchedRecords(body []byte) ([]byte, error) {
	a := &answer{b: body}
	a.int32() // throttle time
	code := a.int16()
	a.int32() // session
	if a.count() == 1 {
		a.string()
		a.count()
		a.int32()
		if partitionCode := a.int16(); code == 0 {
			code = partitionCode
		}
		a.take(3 * 8) // high watermark, last stable offset, log start
		a.take(16 * a.count())
		a.int32() // preferred replica
	}
	records := a.bytes()
	if a.err == nil && code != 0 {
		return nil, fmt.Errorf("Fetch answers error %d", code)
	}
	return records, a.err
}

// runReady tries from before the broker is up until a record is acknowledged in every partition of the topic
// (created if need be), and says when that was.
func runReady(o options) (r report, err error) {
	deadline := time.Now().Add(time.Duration(o.seconds * float64(time.Second)))
	for time.Now().Before(deadline) {
		if err = produceToEach(o, deadline); err == nil {
			r.ReadyAtUnixMs = float64(time.Now().UnixMicro()) / 1_000
			return r, nil
		}
		time.Sleep(time.Millisecond)
	}
	return r, fmt.Errorf("not ready within %v s: %w", o.seconds, err)
}

func produceToEach(o options, deadline time.Time) error {
	s, err := dial(o.broker)
	if err != nil {
		return err
	}
	defer s.close()
	if err := createTopic(s, o.topic, o.partitions, time.Until(deadline)); err != nil {
		return err
	}
	batch := newBatch(1, o.valueBytes, 1)
	var frames []byte
	for partition := 0; partition < o.partitions; partition++ {
		frames = append(frames, produceFrame(o.topic, partition, int16(o.acks), batch)...)
	}
	if err := s.send(frames); err != nil {
		return err
	}
	for partition := 0; partition < o.partitions; partition++ {
		body, err := s.receive()
		if err != nil {
			return err
		}
		if code := int16(binary.BigEndian.Uint16(body[produceErrorAt(o.topic)-8:])); code != 0 {
			return fmt.Errorf("Produce answers error %d in partition %d", code, partition)
		}
	}
	return nil
}

// runGroup lets connected clients join one group at once, and takes the time from the first JoinGroup to the
// last answer to SyncGroup. A group that needed more than one generation shows them all.
func runGroup(o options) (r report, err error) {
	// A thread that blocks in a read keeps its processor for up to 10 ms: with two of them the members would not begin together.
	runtime.GOMAXPROCS(o.connections + 1)
	members := make([]*member, o.connections)
	for i := range members {
		s, err := dial(o.broker)
		if err != nil {
			return r, err
		}
		if err := awaitCoordinator(s, o.group); err != nil {
			return r, err
		}
		members[i] = &member{socket: s, group: o.group, topic: o.topic}
	}
	var together, finished sync.WaitGroup
	together.Add(1)
	for _, m := range members {
		finished.Add(1)
		go func() {
			defer finished.Done()
			together.Wait()
			m.enter()
		}()
	}
	start := time.Now()
	together.Done()
	finished.Wait()
	r.GroupMs = time.Since(start).Seconds() * 1_000
	for _, m := range members {
		if m.err != nil {
			return r, m.err
		}
		r.GroupMembers = max(r.GroupMembers, m.led)
		for _, generation := range m.generations {
			if !slices.Contains(r.Generations, generation) {
				r.Generations = append(r.Generations, generation)
			}
		}
	}
	slices.Sort(r.Generations)
	return r, nil
}

// runIdle shows what the broker uses while nothing is asked of it.
func runIdle(o options) (r report, err error) {
	before := usageOf(o.pid)
	time.Sleep(time.Duration(o.seconds * float64(time.Second)))
	r.charge(o.pid, before, usage{})
	return r, nil
}

// runSyncs measures what one small synced write costs in the folder: 4 KiB written over a preallocated file and
// then fdatasync, as a journal does it.
func runSyncs(o options) (r report, err error) {
	const count, each = 500, 4 << 10
	path := fmt.Sprintf("%s/fdatasync-%d", o.folder, os.Getpid())
	file, err := os.Create(path)
	if err != nil {
		return r, err
	}
	defer os.Remove(path)
	defer file.Close()
	if _, err := file.Write(make([]byte, count*each)); err != nil {
		return r, err
	}
	if err := file.Sync(); err != nil {
		return r, err
	}
	block := make([]byte, each)
	latencies := make([]time.Duration, count)
	for i := range latencies {
		binary.BigEndian.PutUint64(block, uint64(i+1))
		start := time.Now()
		if _, err := file.WriteAt(block, int64(i*each)); err != nil {
			return r, err
		}
		if err := syscall.Fdatasync(int(file.Fd())); err != nil {
			return r, err
		}
		latencies[i] = time.Since(start)
	}
	r.latencies(latencies)
	return r, nil
}
