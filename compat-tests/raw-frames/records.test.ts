/** Batches as no client writes them, sequences out of order, and fetches at the edges of a log. */
import { expect } from 'vitest'
import type { Endpoint } from '../support/broker.ts'
import { until } from '../support/process.ts'
import {
  apiKey,
  createTopic,
  fetch,
  findCoordinator,
  initProducerId,
  listOffset,
  produce,
} from '../support/requests.ts'
import { suite } from '../support/scenario.ts'
import { type BatchOptions, Connection, readBatches, recordBatch, Writer } from '../support/wire.ts'

async function withTopic<T>(
  scene: Endpoint & { name(): string },
  use: (connection: Connection, target: { topic: string; partition: number }) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  const connection = await Connection.open(scene.host, scene.port)
  const target = { topic: scene.name(), partition: 0 }
  try {
    await createTopic(connection, target.topic, 1, settings)
    // Kafka may not know its new topic for a moment.
    while ((await listOffset(connection, target, -1)).errorCode !== 0);
    return await use(connection, target)
  } finally {
    connection.close()
  }
}

const values = (...texts: string[]) => texts.map(text => ({ value: Buffer.from(text) }))
const batchOf = (count: number, options?: BatchOptions) =>
  recordBatch(values(...Array.from({ length: count }, (_, index) => `${index}`)), options)

/** Kafka has no ids to give in its first moments. */
async function newProducerId(connection: Connection): Promise<number> {
  const identify = async () => {
    const { errorCode, producerId } = await initProducerId(connection)
    return errorCode === 0 ? { producerId } : undefined
  }
  return (await until('a producer id', identify)).producerId
}

/** A copy with other bytes at a position. */
function altered(batch: Buffer, at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(batch)
  copy.set(bytes, at)
  return copy
}

const at = { length: 8, magic: 16, crc: 17 }

suite('raw records', scenario => {
  scenario('refuses batches that lie', scene =>
    withTopic(scene, async (connection, target) => {
      const send = async (batch: Buffer) => (await produce(connection, target, batch)).errorCode
      const good = batchOf(3)
      const codes = {
        good: await send(good),
        crc: await send(altered(good, at.crc, 0, 0, 0, 0)),
        magicOne: await send(altered(good, at.magic, 1)),
        magicThree: await send(altered(good, at.magic, 3)),
        cutShort: await send(good.subarray(0, good.length - 5)),
        headerOnly: await send(good.subarray(0, 61)),
        control: await send(batchOf(1, { attributes: 0x20 })),
        transactional: await send(batchOf(1, { attributes: 0x10 })),
        unknownCodec: await send(batchOf(1, { attributes: 5 })),
        notReallyGzip: await send(batchOf(1, { attributes: 1 })),
        two: await send(Buffer.concat([good, good])),
        empty: await send(Buffer.alloc(0)),
        noRecords: await send(recordBatch([])),
      }
      return { codes, end: await listOffset(connection, target, -1) }
    }),
  )

  scenario('checks acks', scene =>
    withTopic(scene, async (connection, target) => ({
      two: (await produce(connection, target, batchOf(1), { acks: 2 })).errorCode,
      minusTwo: (await produce(connection, target, batchOf(1), { acks: -2 })).errorCode,
      unknownTopic: (await produce(connection, { topic: 'none', partition: 0 }, batchOf(1))).errorCode,
      unknownPartition: (await produce(connection, { ...target, partition: 5 }, batchOf(1))).errorCode,
    })),
  )

  scenario('keeps idempotent producers honest', scene =>
    withTopic(scene, async (connection, target) => {
      const producerId = await newProducerId(connection)
      const send = async (baseSequence: number, count = 2, producerEpoch = 0, id = producerId) => {
        const batch = batchOf(count, { producerId: id, producerEpoch, baseSequence })
        const { errorCode, baseOffset } = await produce(connection, target, batch)
        return `${errorCode} at ${baseOffset}`
      }
      const inOrder = []
      for (let sequence = 0; sequence < 14; sequence += 2) inOrder.push(await send(sequence))
      return {
        inOrder,
        again: await send(12),
        oldestKept: await send(4),
        olderStill: await send(0),
        partly: await send(12, 4),
        gap: await send(20),
        next: await send(14),
        newEpoch: await send(0, 2, 1),
        oldEpoch: await send(16, 2, 0),
        newEpochNotFromZero: await send(7, 2, 2),
        strangerFromZero: await send(0, 2, 0, producerId + 500_000),
        strangerFromSeven: await send(7, 2, 0, producerId + 500_001),
        negativeSequence: await send(-1),
        end: await listOffset(connection, target, -1),
      }
    }),
  )

  scenario('wraps sequence numbers', scene =>
    withTopic(scene, async (connection, target) => {
      const producerId = await newProducerId(connection)
      const send = async (baseSequence: number, count: number) => {
        const options = { producerId, producerEpoch: 0, baseSequence }
        return (await produce(connection, target, batchOf(count, options))).errorCode
      }
      return [await send(2_147_483_646, 4), await send(2, 1), await send(3, 1)]
    }),
  )

  scenario('gives whole batches from the middle of one', scene =>
    withTopic(scene, async (connection, target) => {
      for (let batch = 0; batch < 3; batch++) await produce(connection, target, batchOf(10))
      const offsets = async (offset: number, maxBytes?: number) => {
        const { errorCode, highWatermark, bytes } = await fetch(connection, target, offset, {
          ...(maxBytes && { maxBytes }),
        })
        const records = readBatches(bytes)
        return {
          errorCode,
          highWatermark,
          from: records[0]?.offset,
          has: records.some(record => record.offset === offset),
        }
      }
      return {
        middle: await offsets(15),
        start: await offsets(0),
        smallLimit: await offsets(15, 1),
        end: await offsets(30),
        beyond: await offsets(31),
        negative: await offsets(-1),
      }
    }),
  )

  scenario('waits for records as long as it was told', scene =>
    withTopic(scene, async (connection, target) => {
      const timed = async (options: { maxWaitMs: number; minBytes: number }) => {
        const began = performance.now()
        const { errorCode, bytes } = await fetch(connection, target, 0, options)
        return { errorCode, bytes: bytes.length > 0, ms: performance.now() - began }
      }
      const atOnce = await timed({ maxWaitMs: 5_000, minBytes: 0 })
      const inVain = await timed({ maxWaitMs: 500, minBytes: 1 })
      const producer = await Connection.open(scene.host, scene.port)
      const waiting = timed({ maxWaitMs: 10_000, minBytes: 1 })
      await produce(producer, target, batchOf(1))
      const woken = await waiting
      producer.close()
      expect(atOnce.ms).toBeLessThan(400)
      expect(inVain.ms).toBeGreaterThanOrEqual(450)
      expect(woken.ms).toBeLessThan(5_000)
      return [atOnce, inVain, woken].map(({ ms, ...answer }) => answer)
    }),
  )

  scenario('says which topics and partitions it lacks', scene =>
    withTopic(scene, async (connection, target) => ({
      fetchTopic: (await fetch(connection, { topic: 'none', partition: 0 }, 0)).errorCode,
      fetchPartition: (await fetch(connection, { ...target, partition: 3 }, 0)).errorCode,
      listTopic: (await listOffset(connection, { topic: 'none', partition: 0 }, -1)).errorCode,
      listPartition: (await listOffset(connection, { ...target, partition: 3 }, -1)).errorCode,
    })),
  )

  scenario('finds the end of a leader epoch', scene =>
    withTopic(scene, async (connection, target) => {
      await produce(connection, target, batchOf(5))
      const ask = async (epoch: number, currentEpoch = -1) => {
        const body = new Writer()
          .int32(1)
          .string(target.topic)
          .int32(1)
          .int32(0)
          .int32(currentEpoch)
          .int32(epoch)
        const answer = await connection.request(23, 2, body.done())
        answer.int32()
        answer.int32()
        answer.string()
        answer.int32()
        return {
          errorCode: answer.int16(),
          partition: answer.int32(),
          epoch: answer.int32(),
          end: answer.int64(),
        }
      }
      return { first: await ask(0), later: await ask(99), fenced: await ask(0, 99) }
    }),
  )

  scenario(
    'refuses transactions with an error that no client retries',
    async scene => {
      const connection = await Connection.open(scene.host, scene.port)
      const retriable = [5, 6, 7, 13, 14, 15, 16, 51]
      const coordinator = await findCoordinator(connection, 'some-id', 1)
      const { errorCode } = await initProducerId(connection, 'some-id')
      connection.close()
      for (const code of [coordinator, errorCode]) {
        expect(code).not.toBe(0)
        expect(retriable).not.toContain(code)
      }
    },
    { only: { kind: 'loggerhead', reason: 'transactions come later' } },
  )

  scenario('takes offsets beyond the integers of JavaScript for what they are', scene =>
    withTopic(scene, async connection => {
      const body = new Writer().int32(-1).int32(0).int32(0).int32(1_000).int8(0).int32(0).int32(-1)
      body
        .int32(1)
        .string(scene.name())
        .int32(1)
        .int32(0)
        .int32(-1)
        .int64(2n ** 60n)
        .int64(-1)
        .int32(1_000)
      const asked = connection.request(apiKey.fetch, 11, body.int32(0).string('').done())
      const answer = await asked.catch(() => undefined)
      if (!answer) return 'closed'
      answer.int32()
      const refusal = answer.int16()
      answer.int32()
      if (refusal !== 0 || answer.int32() === 0) return refusal
      answer.string()
      answer.int32()
      answer.int32()
      return answer.int16()
    }),
  )
})
