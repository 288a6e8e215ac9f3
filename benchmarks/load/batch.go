package main

// A record batch (magic 2, not compressed) as a producer sends it: n records without keys, values of random
// letters. It is built once and sent again and again; the broker sets offset and epoch.

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand"
	"time"
)

const (
	batchHeaderBytes     = 61
	batchLengthAt        = 8  // length of all that follows this field
	batchLastDeltaAt     = 23 // last offset - base offset
	batchLengthFieldsEnd = 12
	batchCrcAt           = 17
	batchCrcCoversFrom   = 21
	batchBaseTimestampAt = 27
	batchMaxTimestampAt  = 35
	batchProducerIDAt    = 43
	batchRecordCountAt   = 57
	letters              = "abcdefghijklmnopqrstuvwxyz0123456789"
)

func newBatch(records, valueBytes int, seed int64) []byte {
	random := rand.New(rand.NewSource(seed))
	value := make([]byte, valueBytes)
	for i := range value {
		value[i] = letters[random.Intn(len(letters))]
	}
	b := make([]byte, batchHeaderBytes, batchHeaderBytes+records*(valueBytes+16))
	for i := 0; i < records; i++ {
		var r []byte
		r = append(r, 0)                     // attributes
		r = binary.AppendVarint(r, 0)        // timestamp delta
		r = binary.AppendVarint(r, int64(i)) // offset delta
		r = binary.AppendVarint(r, -1)       // no key
		r = append(binary.AppendVarint(r, int64(valueBytes)), value...)
		r = binary.AppendVarint(r, 0) // no headers
		b = append(binary.AppendVarint(b, int64(len(r))), r...)
	}
	now := uint64(time.Now().UnixMilli())
	binary.BigEndian.PutUint32(b[batchLengthAt:], uint32(len(b)-batchLengthFieldsEnd))
	binary.BigEndian.PutUint32(b[batchLengthFieldsEnd:], 0xffffffff) // leader epoch: not known
	b[16] = 2                                                        // magic
	binary.BigEndian.PutUint32(b[batchLastDeltaAt:], uint32(records-1))
	binary.BigEndian.PutUint64(b[batchBaseTimestampAt:], now)
	binary.BigEndian.PutUint64(b[batchMaxTimestampAt:], now)
	for i := batchProducerIDAt; i < batchRecordCountAt; i++ {
		b[i] = 0xff // no producer id, epoch, sequence
	}
	binary.BigEndian.PutUint32(b[batchRecordCountAt:], uint32(records))
	binary.BigEndian.PutUint32(b[batchCrcAt:], crc32.Checksum(b[batchCrcCoversFrom:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// endOfBatches walks the headers of whole batches: the bytes they take and the offset behind the last.
func endOfBatches(b []byte) (whole int, next int64) {
	for whole+batchHeaderBytes <= len(b) {
		length := batchLengthFieldsEnd + int(binary.BigEndian.Uint32(b[whole+batchLengthAt:]))
		if whole+length > len(b) {
			break
		}
		next = int64(binary.BigEndian.Uint64(b[whole:])) + int64(binary.BigEndian.Uint32(b[whole+batchLastDeltaAt:])) + 1
		whole += length
	}
	return whole, next
}
