import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { vectors } from '../../test/support/kafka-reference.ts'
import { allMessages, findAnyMessage } from '../protocol/catalogue.ts'
import { encode } from '../protocol/codec.ts'
import { type Json, messageFromJson } from '../protocol/json.ts'
import type { AnyField, AnyMessage } from '../protocol/schema.ts'
import { decodeLine, decodeMessage, encodeLine, encodeMessage } from './message-lines.ts'

const bin = fileURLToPath(new URL('../../bin/loggerhead.js', import.meta.url))
const run = (args: string[], input = '') =>
  spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', input })

test('every vector is decoded to a message with the same bytes, field for field', () => {
  for (const vector of vectors()) {
    const { message } = JSON.parse(decodeLine(JSON.stringify(vector)))
    // Now and then a vector states a tagged field that holds its default; nothing else may be missing.
    expect(vector.message).toMatchObject(message)
    expect(encodeMessage(vector.name, vector.version, message)).toBe(vector.hex)
  }
})

test('every vector is encoded to Kafka’s bytes', () => {
  for (const { name, version, message, hex } of vectors()) {
    expect(JSON.parse(encodeLine(JSON.stringify({ name, version, message })))).toEqual({
      name,
      version,
      message,
      hex,
    })
  }
})

test('what decode prints, encode takes, for every version of every message', () => {
  for (const message of allMessages) {
    for (let version = message.versions[0]; version <= message.versions[1]; version++) {
      const hex = encodeEmpty(message, version)
      const json = decodeMessage(message.name, version, hex)
      expect([message.name, version, encodeMessage(message.name, version, json)]).toEqual([
        message.name,
        version,
        hex,
      ])
    }
  }
})

/** A message in which every field has its default. */
function encodeEmpty(message: AnyMessage, version: number): string {
  const values = Object.fromEntries(
    Object.entries<AnyField>(message.fields).map(([name, field]) => [name, field.fallback]),
  )
  return encode(message, version, values).toString('hex')
}

describe('what cannot be converted is told by field', () => {
  const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' }
  test.each<[Json, string]>([
    [{ ...heartbeat, generationId: '1' }, 'generationId: "1" is not a whole number'],
    [{ ...heartbeat, generationId: 1.5 }, 'generationId: 1.5 is not a whole number'],
    [
      { ...heartbeat, generationId: 2 ** 31 },
      'generationId: 2147483648 is outside int32 (-2147483648 to 2147483647)',
    ],
    [{ ...heartbeat, groupId: null }, 'groupId: null is not allowed in version 0'],
    [{ ...heartbeat, groupInstanceId: 'x' }, 'groupInstanceId: not in version 0'],
    [{ ...heartbeat, group: 'x' }, 'group: no such field'],
    [{ ...heartbeat, constructor: 'x' }, 'constructor: no such field'],
    [{ groupId: 'g', memberId: 'm' }, 'generationId: missing'],
    [[], 'message: [] is not an object'],
    [null, 'message: null is not an object'],
  ])('%j', (message, reason) => {
    expect(() => encodeMessage('HeartbeatRequest', 0, message)).toThrow(reason)
  })

  test('in lists, with the place', () => {
    const topics = [
      { name: 'a', partitions: [] },
      { name: 'b', partitions: [{ partitionIndex: 'x', timestamp: 0 }] },
    ]
    expect(() => encodeMessage('ListOffsetsRequest', 1, { replicaId: -1, topics })).toThrow(
      'topics[1].partitions[0].partitionIndex: "x" is not a whole number',
    )
  })

  test('bytes, uuids, floats and numbers beyond 2^53', () => {
    const message = findAnyMessage('SyncGroupResponse')!
    expect(() => messageFromJson(message, 0, { errorCode: 0, assignment: '!' })).toThrow('"!" is not base64')
    expect(() => encodeMessage('MetadataRequest', 12, { topics: [{ name: null, topicId: 'x' }] })).toThrow(
      'uuid',
    )
    const records =
      '{"topics":[{"name":"t","partitions":[{"partitionIndex":0,"offset":9007199254740993}]}],"timeoutMs":0}'
    expect(() => encodeMessage('DeleteRecordsRequest', 0, JSON.parse(records))).toThrow('is outside int64')
  })

  test('unknown names and versions', () => {
    expect(() => decodeMessage('Fetch', 4, '')).toThrow(
      'no message is named Fetch; names are like FetchRequest',
    )
    expect(() => encodeMessage('FetchRequest', 99, {})).toThrow(
      'FetchRequest has no version 99, only 4 to 18',
    )
    expect(() => decodeMessage('FetchRequest', 4, 'abc')).toThrow('the bytes are not hex')
    expect(() => decodeMessage('HeartbeatResponse', 0, '000000')).toThrow('1 bytes behind the end')
  })
})

test('a bound of 2^63−1 is taken where Kafka means none', () => {
  const fetch = (highWatermark: number): Json => ({
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 0,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: 0,
    topics: [
      {
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: 0,
            fetchOffset: 0,
            lastFetchedEpoch: 0,
            logStartOffset: 0,
            partitionMaxBytes: 0,
            highWatermark,
          },
        ],
      },
    ],
    forgottenTopicsData: [],
    rackId: '',
  })
  const unbounded = JSON.parse('9223372036854775807')
  expect(
    decodeMessage('FetchRequest', 18, encodeMessage('FetchRequest', 18, fetch(unbounded))),
  ).not.toHaveProperty('topics.0.partitions.0.highWatermark')
  expect(decodeMessage('FetchRequest', 18, encodeMessage('FetchRequest', 18, fetch(5)))).toHaveProperty(
    'topics.0.partitions.0.highWatermark',
    5,
  )
})

describe('the command', () => {
  test('prints one message, and hex back', () => {
    const message = '{"clientSoftwareName":"kcat","clientSoftwareVersion":"1.7.1"}'
    const hex = '056b63617406312e372e3100'
    expect(run(['decode', 'ApiVersionsRequest', '3', hex])).toMatchObject({
      status: 0,
      stdout: `${message}\n`,
    })
    expect(run(['encode', 'ApiVersionsRequest', '3', message])).toMatchObject({
      status: 0,
      stdout: `${hex}\n`,
    })
  })

  test('converts lines in their order, and puts an error where one cannot be', () => {
    const input = [
      '{"name":"HeartbeatResponse","version":0,"hex":"001b"}',
      'x',
      '[]',
      '{"name":"HeartbeatResponse","version":0}',
      '{"name":"HeartbeatResponse","version":7,"hex":""}',
    ]
    const { status, stdout } = run(['decode', '--jsonl'], input.join('\n'))
    expect(status).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([
      { name: 'HeartbeatResponse', version: 0, hex: '001b', message: { errorCode: 27 } },
      { error: expect.stringContaining('this is not JSON') },
      { error: 'the line is not a JSON object' },
      { name: 'HeartbeatResponse', version: 0, error: 'hex is missing' },
      {
        name: 'HeartbeatResponse',
        version: 7,
        hex: '',
        error: 'HeartbeatResponse has no version 7, only 0 to 4',
      },
    ])
  })

  test.each([
    [
      1,
      ['decode', 'HeartbeatResponse', '0', '00'],
      'HeartbeatResponse v0 errorCode: needs 2 bytes, 1 remain (at byte 0)',
    ],
    [1, ['decode', 'HeartbeatResponse', 'x', '00'], 'version x is not a whole number'],
    [1, ['encode', 'HeartbeatResponse', '0', '{}'], 'errorCode: missing'],
    [
      2,
      ['decode', 'HeartbeatResponse'],
      'decode needs NAME VERSION HEX, or --jsonl; see loggerhead decode --help',
    ],
    [2, ['encode', '--jsonl', 'X'], '--jsonl reads standard input and takes no arguments'],
  ])('exits with %i for %j', (status, args, line) => {
    expect(run(args)).toMatchObject({ status, stdout: '', stderr: `loggerhead: ${line}\n` })
  })
})
