import { expect, test } from 'vitest'
import {
  createTopic,
  fetchOnce,
  produce,
  recordsOf,
  startLiveBroker,
  valuesOf,
} from '../../../test/support/live-broker.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { buildBatch } from '../../protocol/record.ts'
import { crcOf, stampCrc } from '../../protocol/record-batch.ts'

test('gives batches their offsets, and says where they begin', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  expect(await produce(client, 'orders', ['a', 'b'])).toMatchObject({
    errorCode: 0,
    baseOffset: 0,
    logStartOffset: 0,
  })
  expect(await produce(client, 'orders', ['c'])).toMatchObject({ errorCode: 0, baseOffset: 2 })
  expect(valuesOf((await fetchOnce(client, 'orders', 0)).records)).toEqual(['a', 'b', 'c'])
})

test('answers every version from 3 on, by topic id from 13 on', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const { topics } = await client.request(Metadata, 12, { topics: [{ name: 'orders' }] })
  const { topicId } = topics[0]!
  for (let version = 3; version <= 13; version++) {
    const records = buildBatch([{ value: `v${version}` }])
    const topic = version >= 13 ? { topicId } : { name: 'orders' }
    const answer = await client.request(Produce, version, {
      acks: 1,
      timeoutMs: 1_000,
      topicData: [{ ...topic, partitionData: [{ index: 0, records }] }],
    })
    expect(answer.responses[0]!.partitionResponses[0]).toMatchObject({
      errorCode: 0,
      baseOffset: version - 3,
    })
  }
})

test('refuses versions 0 to 2 by closing, though ApiVersions shows them', async () => {
  const { client } = await startLiveBroker()
  const frame = Buffer.from(
    '00000000' + '0000' + '0002' + '00000001' + 'ffff' + 'ffff' + '00000000' + '00000000',
    'hex',
  )
  frame.writeInt32BE(frame.length - 4, 0)
  client.send(frame)
  await client.closed
})

test('says nothing to acks=0, and stores the records', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const records = buildBatch([{ value: 'quiet' }])
  client.tell(Produce, 7, {
    acks: 0,
    timeoutMs: 0,
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
  })
  expect(await produce(client, 'orders', ['loud'])).toMatchObject({ baseOffset: 1 })
  expect(valuesOf((await fetchOnce(client, 'orders', 0)).records)).toEqual(['quiet', 'loud'])
})

test('closes when acks=0 cannot be appended, so that the client looks up its topics again', async () => {
  const { client, connect } = await startLiveBroker()
  await createTopic(client, 'orders')
  const other = await connect()
  const records = buildBatch([{ value: 'nobody takes it' }])
  other.tell(Produce, 7, {
    acks: 0,
    timeoutMs: 0,
    topicData: [{ name: 'gone', partitionData: [{ index: 0, records }] }],
  })
  await other.closed
  expect(await produce(client, 'orders', ['a'])).toMatchObject({ errorCode: ErrorCode.NONE })
})

test('takes no zstd from a client that is older than zstd', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const codes: number[] = []
  for (const version of [6, 7]) {
    const records = buildBatch([{ value: 'small' }], { compression: 'zstd' })
    const answer = await client.request(Produce, version, {
      acks: 1,
      timeoutMs: 1_000,
      topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
    })
    codes.push(answer.responses[0]!.partitionResponses[0]!.errorCode)
  }
  expect(codes).toEqual([ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, ErrorCode.NONE])
})

test.each([
  ['an unknown topic', 'nowhere', 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['an unknown partition', 'orders', 7, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['a topic of the broker', '__consumer_offsets', 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
])('refuses %s', async (_what, topic, partition, errorCode) => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  expect(await produce(client, topic, ['a'], { partition })).toMatchObject({ errorCode, baseOffset: -1 })
})

test('refuses acks that do not exist', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  expect((await produce(client, 'orders', ['a'], { acks: 2 })).errorCode).toBe(
    ErrorCode.INVALID_REQUIRED_ACKS,
  )
})

test('refuses a batch whose checksum is wrong, and leaves the log as it was', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const batch = buildBatch([{ value: 'a' }])
  batch.writeUInt32BE(crcOf(batch, 0) ^ 1, 17)
  expect((await produce(client, 'orders', batch)).errorCode).toBe(ErrorCode.CORRUPT_MESSAGE)
  expect(await produce(client, 'orders', ['b'])).toMatchObject({ baseOffset: 0 })
})

test('refuses nothing, and two batches at once, for a partition', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const one = buildBatch([{ value: 'a' }])
  for (const records of [Buffer.alloc(0), Buffer.concat([one, one])]) {
    expect((await produce(client, 'orders', records)).errorCode).toBe(ErrorCode.INVALID_RECORD)
  }
})

test('refuses a record without a key on a compacted topic, also a compressed one', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'latest', { configs: { 'cleanup.policy': 'compact' } })
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const answer = await produce(client, 'latest', ['keyless'], { batch: { compression } })
    expect(answer).toMatchObject({ errorCode: ErrorCode.INVALID_RECORD, baseOffset: -1 })
    expect(answer.errorMessage).toMatch(/key/)
  }
})

test("refuses a batch above the topic's max.message.bytes", async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'small', { configs: { 'max.message.bytes': '1000' } })
  expect((await produce(client, 'small', ['x'.repeat(2_000)])).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE)
  expect((await produce(client, 'small', ['x'.repeat(500)])).errorCode).toBe(ErrorCode.NONE)
})

test("refuses a batch that grows above max.message.bytes in the topic's own compression", async () => {
  const { client } = await startLiveBroker()
  const configs = { 'max.message.bytes': '1000', 'compression.type': 'uncompressed' }
  await createTopic(client, 'plain', { configs })
  const answer = await produce(client, 'plain', ['x'.repeat(20_000)], { batch: { compression: 'zstd' } })
  expect(answer).toMatchObject({ errorCode: ErrorCode.MESSAGE_TOO_LARGE, baseOffset: -1 })
  expect(answer.errorMessage).toMatch(/compression/)
  expect(await produce(client, 'plain', ['small'])).toMatchObject({
    errorCode: ErrorCode.NONE,
    baseOffset: 0,
  })
})

test('asks for no more replicas than a partition has, whatever min.insync.replicas says', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'safe', { configs: { 'min.insync.replicas': '2' } })
  expect((await produce(client, 'safe', ['a'])).errorCode).toBe(ErrorCode.NONE)
})

test('stamps its own time where the topic wants LogAppendTime', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'timed', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
  const before = Date.now()
  const answer = await produce(client, 'timed', buildBatch([{ value: 'a', timestamp: 1 }]))
  expect(answer.logAppendTimeMs).toBeGreaterThanOrEqual(before)
  const [record] = recordsOf((await fetchOnce(client, 'timed', 0)).records)
  expect(record!.timestamp).toBe(answer.logAppendTimeMs)
})

test('brings batches to the compression that the topic demands', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'packed', { configs: { 'compression.type': 'zstd' } })
  await produce(client, 'packed', ['a'.repeat(500)], { batch: { compression: 'gzip' } })
  const { records } = await fetchOnce(client, 'packed', 0)
  expect(records!.readInt16BE(21) & 7).toBe(4)
  expect(valuesOf(records)).toEqual(['a'.repeat(500)])
})

test('answers a repeated idempotent batch with its first offset, and stores it once', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'once')
  const { producerId } = await client.request(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  const batch = (baseSequence: number, value: string) =>
    buildBatch([{ value }], { producerId, producerEpoch: 0, baseSequence })
  expect(await produce(client, 'once', batch(0, 'a'))).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect(await produce(client, 'once', batch(1, 'b'))).toMatchObject({ errorCode: 0, baseOffset: 1 })
  expect(await produce(client, 'once', batch(0, 'a'))).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect((await produce(client, 'once', batch(5, 'gap'))).errorCode).toBe(
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  )
  expect(valuesOf((await fetchOnce(client, 'once', 0)).records)).toEqual(['a', 'b'])
})

test('refuses transactional batches at once: transactions come later', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'once')
  const batch = buildBatch([{ value: 'a' }], {
    producerId: 7,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true,
  })
  expect((await produce(client, 'once', batch)).errorCode).toBe(ErrorCode.INVALID_TXN_STATE)
})

test('refuses control batches from clients', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const batch = buildBatch([{ key: Buffer.alloc(4), value: 'x' }], { isControl: true })
  expect((await produce(client, 'orders', batch)).errorCode).toBe(ErrorCode.INVALID_RECORD)
})

test('keeps the order of requests that overlap on one connection', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => produce(client, 'orders', [String(i)])),
  )
  expect(answers.map(answer => answer.baseOffset)).toEqual(Array.from({ length: 200 }, (_, i) => i))
  const values = valuesOf((await fetchOnce(client, 'orders', 0)).records)
  expect(values).toEqual(Array.from({ length: 200 }, (_, i) => String(i)))
})

test('puts right a largest timestamp that the header has wrong', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'orders')
  const now = Date.now()
  const batch = buildBatch([{ value: 'a', timestamp: now }])
  batch.writeBigInt64BE(BigInt(now - 60_000), 35)
  stampCrc(batch, 0)
  expect((await produce(client, 'orders', batch)).errorCode).toBe(0)
  expect((await fetchOnce(client, 'orders', 0)).records!.readBigInt64BE(35)).toBe(BigInt(now))
})

test('gives no producer id to who names half of one', async () => {
  const { client } = await startLiveBroker()
  const ask = async (producerId: number, producerEpoch: number) => {
    const request = { transactionalId: null, transactionTimeoutMs: 0, producerId, producerEpoch }
    return (await client.request(InitProducerId, 4, request)).errorCode
  }
  expect([await ask(-1, 3), await ask(7, -1)]).toEqual([ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST])
  expect([await ask(7, 3), await ask(-1, -1)]).toEqual([ErrorCode.NONE, ErrorCode.NONE])
})
