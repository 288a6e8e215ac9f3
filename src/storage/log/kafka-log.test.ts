/** Every file of the folders in testdata/kafka-log, read by our code and made again by it, byte for byte. */
import { expect, test } from 'vitest'
import { listKafkaFiles, readKafkaFile } from '../../../test/support/kafka-log.ts'
import {
  baseOffsetOf,
  batchBytesOf,
  batchPositions,
  lastOffsetOf,
  maxTimestampOf,
} from '../../protocol/record-batch.ts'
import { AbortedTransactions, describeAbortedTransactions } from './aborted-transactions.ts'
import { formatOffsetCheckpoint, parseOffsetCheckpoint } from './checkpoint-file.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { describeOffsetIndex, OffsetIndex } from './offset-index.ts'
import { formatPartitionMetadata, parsePartitionMetadata } from './partition-metadata.ts'
import { ProducerLimit } from './producer-limit.ts'
import {
  describeProducerSnapshot,
  formatProducerSnapshot,
  parseProducerSnapshot,
} from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'
import { parseSegmentName, segmentName } from './segment-names.ts'
import { describeTimeIndex, TimeIndex } from './time-index.ts'

const PARTITIONS = ['golden-0', 'txn-0']
const INDEX = segmentName(0, '.index')
const TIME_INDEX = segmentName(0, '.timeindex')

function snapshotNameOf(folder: string): string {
  return listKafkaFiles(folder).find(name => name.endsWith('.snapshot'))!
}

function readLog(folder: string): Buffer {
  return readKafkaFile(folder, segmentName(0, '.log'))
}

/** Indexes as Kafka builds them: an entry for the first batch behind more than `intervalBytes` since the last one. */
function indexLog(log: Buffer, intervalBytes: number): { offsets: OffsetIndex; times: TimeIndex } {
  const offsets = new OffsetIndex(0)
  const times = new TimeIndex(0)
  let bytesSinceEntry = 0
  let max = { timestamp: -1, offset: 0 }
  for (const at of batchPositions(log)) {
    if (maxTimestampOf(log, at) > max.timestamp) {
      max = { timestamp: maxTimestampOf(log, at), offset: lastOffsetOf(log, at) }
    }
    if (bytesSinceEntry > intervalBytes) {
      offsets.append(lastOffsetOf(log, at), at)
      times.maybeAppend(max.timestamp, max.offset)
      bytesSinceEntry = 0
    }
    bytesSinceEntry += batchBytesOf(log, at)
  }
  times.maybeAppend(max.timestamp, max.offset)
  return { offsets, times }
}

test.each(PARTITIONS)('builds the indexes of %s as Kafka built them', folder => {
  const { offsets, times } = indexLog(readLog(folder), 1_024)
  expect(offsets.bytes()).toEqual(readKafkaFile(folder, INDEX))
  expect(times.bytes()).toEqual(readKafkaFile(folder, TIME_INDEX))
})

test.each(PARTITIONS)('finds every offset of %s through its index', folder => {
  const log = readLog(folder)
  const file = readKafkaFile(folder, INDEX)
  const index = OffsetIndex.parse(file, { baseOffset: 0, logBytes: log.length, file: INDEX })
  for (const at of batchPositions(log)) {
    for (let offset = baseOffsetOf(log, at); offset <= lastOffsetOf(log, at); offset++) {
      expect(index.lookup(offset)).toBeLessThanOrEqual(at)
    }
  }
  expect(index.lookup(index.lastOffset)).toBe(index.lastPosition)
})

test.each(PARTITIONS)('finds the first batch of every time in %s through its time index', folder => {
  const log = readLog(folder)
  const file = readKafkaFile(folder, TIME_INDEX)
  const endOffset = parseSegmentName(snapshotNameOf(folder))!.baseOffset
  const index = TimeIndex.parse(file, { baseOffset: 0, endOffset, file: TIME_INDEX })
  const batches = [...batchPositions(log)]
  for (const timestamp of batches.map(at => maxTimestampOf(log, at))) {
    const first = batches.find(at => maxTimestampOf(log, at) >= timestamp)!
    expect(index.lookup(timestamp)).toBeLessThanOrEqual(lastOffsetOf(log, first))
  }
  expect(index.lastTimestamp).toBe(Math.max(...batches.map(at => maxTimestampOf(log, at))))
})

test.each(PARTITIONS)('learns from the log of %s the producers of its snapshot', folder => {
  const name = snapshotNameOf(folder)
  const log = readLog(folder)
  const producers = new ProducerState({ expirationMs: 86_400_000, limit: new ProducerLimit(100) })
  producers.load([], 0, 0)
  for (const at of batchPositions(log)) producers.append(log, at)
  const { baseOffset: endOffset } = parseSegmentName(name)!
  const entries = producers.entriesAt(endOffset).sort((a, b) => a.producerId - b.producerId)
  expect(formatProducerSnapshot(entries)).toEqual(readKafkaFile(folder, name))
})

test('learns from a log with transactions its aborted ones and the last stable offset', () => {
  const log = readLog('txn-0')
  const producers = new ProducerState({ expirationMs: 86_400_000, limit: new ProducerLimit(100) })
  const aborted = new AbortedTransactions()
  for (const at of batchPositions(log)) {
    producers.append(log, at)
    for (const transaction of producers.commitTo(lastOffsetOf(log, at) + 1)) {
      if (transaction.isAborted) aborted.append(transaction)
    }
  }
  expect(aborted.format()).toEqual(readKafkaFile('txn-0', segmentName(0, '.txnindex')))
  expect(producers.lastStableOffset(24)).toBe(22)
})

test('reads and writes snapshots as they were', () => {
  for (const folder of PARTITIONS) {
    const bytes = readKafkaFile(folder, snapshotNameOf(folder))
    expect(formatProducerSnapshot(parseProducerSnapshot(bytes, 'snapshot'))).toEqual(bytes)
  }
})

test('reads and writes the index of aborted transactions as it was', () => {
  const bytes = readKafkaFile('txn-0', segmentName(0, '.txnindex'))
  expect(AbortedTransactions.parse(bytes, 'txnindex', 0).format()).toEqual(bytes)
})

test('reads and writes leader epochs, topic ids and checkpoints as they were', () => {
  for (const folder of PARTITIONS) {
    const epochs = readKafkaFile(folder, 'leader-epoch-checkpoint')
    expect(LeaderEpochs.parse(epochs, 'epochs').format()).toEqual(epochs)
    const metadata = readKafkaFile(folder, 'partition.metadata')
    expect(formatPartitionMetadata(parsePartitionMetadata(metadata, 'metadata'))).toEqual(metadata)
  }
  const points = readKafkaFile('checkpoints', 'recovery-point-offset-checkpoint')
  const entries = parseOffsetCheckpoint(points, 'points')
  expect(entries).toContainEqual({ topic: 'txn', partition: 0, offset: 24 })
  expect(entries).toHaveLength(51)
  expect(formatOffsetCheckpoint(entries)).toEqual(points)
  const starts = readKafkaFile('checkpoints', 'log-start-offset-checkpoint')
  expect(parseOffsetCheckpoint(starts, 'starts')).toEqual([])
  expect(parseOffsetCheckpoint(readKafkaFile('checkpoints', 'cleaner-offset-checkpoint'), 'cleaner')).toEqual(
    [],
  )
})

test('prints files as the dump tool of Kafka does', () => {
  const lines = (
    folder: string,
    name: string,
    describe: (bytes: Buffer, file: string) => Iterable<string>,
  ) => [...describe(readKafkaFile(folder, name), `/data/${folder}/${name}`)]
  expect(lines('golden-0', INDEX, describeOffsetIndex).slice(0, 2)).toEqual([
    'offset: 79 position: 1683',
    'offset: 119 position: 3366',
  ])
  expect(lines('txn-0', TIME_INDEX, describeTimeIndex)).toEqual([
    'timestamp: 1795232288508 offset: 14',
    'timestamp: 1795232288612 offset: 23',
  ])
  expect(lines('txn-0', segmentName(0, '.txnindex'), describeAbortedTransactions)).toEqual([
    'version: 0 producerId: 0 firstOffset: 0 lastOffset: 7 lastStableOffset: 3',
    'version: 0 producerId: 0 firstOffset: 10 lastOffset: 17 lastStableOffset: 9',
    'version: 0 producerId: 1 firstOffset: 9 lastOffset: 21 lastStableOffset: 22',
  ])
  expect(lines('txn-0', snapshotNameOf('txn-0'), describeProducerSnapshot).slice(1)).toEqual([
    'producerId: 1 producerEpoch: 2 coordinatorEpoch: 0 currentTxnFirstOffset: OptionalLong.empty ' +
      'lastTimestamp: 1795232288594',
    'producerId: 2 producerEpoch: 0 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong[22] ' +
      'lastTimestamp: 1795232288612 firstSequence: 1 lastSequence: 1 lastOffset: 23 offsetDelta: 0 ' +
      'timestamp: 1795232288612',
  ])
})
