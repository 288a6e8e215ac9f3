import { describe, expect, test } from 'vitest'
import { handlers } from '../../broker/handlers/index.ts'
import { decodeFrom, encode } from '../../protocol/codec.ts'
import { ErrorCode, type ErrorName } from '../../protocol/errors.ts'
import { encodeResponse, readResponseHeader } from '../../protocol/header.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { DescribeConfigs } from '../../protocol/messages/describe-configs.ts'
import { DescribeGroups } from '../../protocol/messages/describe-groups.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { JoinGroup } from '../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../protocol/messages/leave-group.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { OffsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { Reader } from '../../protocol/reader.ts'
import { type AnyApi, type AnyField, type Fields, hasVersion } from '../../protocol/schema.ts'
import { answerShape } from './answer-shape.ts'
import { errorDepth } from './error-depth.ts'
import { isAbout, isNamed, type Part, putIn, type Refusal, takeOut, writeOver } from './refusal.ts'

type Body = Record<string, unknown>

const topicIds: Record<string, string> = { AAAAAAAAAAAAAAAAAAAAAQ: 'orders', AAAAAAAAAAAAAAAAAAAAAg: 'other' }

function partOf(topic?: string, partition?: number): Part {
  return { topic, partition, findTopicName: id => topicIds[id] }
}

/** The answer to a request of which a part fails; `serve` answers the rest. */
function answer(
  api: AnyApi,
  version: number,
  request: Body,
  options: { error?: ErrorName; part?: Part; serve?: (rest: Body) => Body } = {},
) {
  const { error = 'NOT_LEADER_OR_FOLLOWER', part = partOf(), serve = () => ({}) } = options
  const shape = answerShape(api, version)
  const depth = errorDepth(shape, error, part)!
  const refusal: Refusal = { shape, depth, code: ErrorCode[error], text: error, part }
  if (!isNamed(refusal, request)) return reread(api, version, writeOver(refusal, serve(request)))
  const { rest, answer: refused } = takeOut(refusal, request)
  return reread(api, version, rest === null ? refused : putIn(shape, serve(rest as Body), refused))
}

/** As a client sees it. */
function reread(api: AnyApi, version: number, body: unknown): Body {
  const bytes = Buffer.concat(encodeResponse(api, version, 1, body as Body))
  const reader = new Reader(bytes.subarray(4))
  readResponseHeader(reader, api, version)
  return decodeFrom(reader, api.response, version) as Body
}

/** A body in which everything is given, and every list has one entry. */
function sample(fields: Fields, version: number): Body {
  const present = Object.entries(fields).filter(([, field]) => hasVersion(field, version))
  return Object.fromEntries(present.map(([name, field]) => [name, sampleOf(name, field, version)]))
}

function sampleOf(name: string, field: AnyField, version: number): unknown {
  switch (field.kind) {
    case 'string':
      return `some ${name}`
    case 'bool':
      return false
    case 'array':
      return [sampleOf(name, field.element!, version)]
    case 'struct':
      return sample(field.fields!, version)
    case 'bytes':
    case 'records':
      return Buffer.from('b')
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAAQ'
    default:
      return /errorCode$/i.test(name) ? 0 : 1
  }
}

/** All error codes in an answer. */
function codesIn(value: unknown, name = ''): number[] {
  if (typeof value === 'number') return /errorCode$/i.test(name) && value !== 0 ? [value] : []
  if (Array.isArray(value)) return value.flatMap(one => codesIn(one, name))
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => codesIn(inner, key))
}

const versionsOfAll = handlers.flatMap(({ api }) => {
  const [first, last] = api.versions
  return Array.from({ length: last - first + 1 }, (_, i) => [api.name, first + i, api] as const)
})

describe('every API that is served can be answered with an error:', () => {
  test.each(versionsOfAll)('%s v%i', (_, version, api) => {
    const request = sample(api.request.fields, version)
    expect(encode(api.request, version, request).length).toBeGreaterThanOrEqual(0)
    const serve = () => sample(api.response.fields, version)
    for (const error of ['NOT_LEADER_OR_FOLLOWER', 'NOT_COORDINATOR'] as const) {
      if (errorDepth(answerShape(api, version), error, partOf()) === undefined) {
        expect([`${api.name} v${version}`, codesIn(serve())]).toEqual([`${api.name} v${version}`, []])
      } else {
        expect(codesIn(answer(api, version, request, { error, serve }))).toEqual([ErrorCode[error]])
      }
    }
  })
})

test('each partition gets its error, beside those that are served', () => {
  const records = Buffer.from('r')
  const partitionData = [0, 1].map(index => ({ index, records }))
  const request = {
    acks: -1,
    topicData: [
      { name: 'orders', partitionData },
      { name: 'other', partitionData },
    ],
  }
  const rests: Body[] = []
  const serve = (rest: Body) => {
    rests.push(rest)
    const topics = rest.topicData as typeof request.topicData
    const responses = topics.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: 0, baseOffset: 7 })),
    }))
    return { responses }
  }
  const { responses } = answer(Produce, 9, request, { part: partOf('orders', 1), serve })
  expect(rests).toEqual([
    {
      acks: -1,
      topicData: [
        { name: 'orders', partitionData: [{ index: 0, records }] },
        { name: 'other', partitionData },
      ],
    },
  ])
  expect(responses).toMatchObject([
    {
      name: 'orders',
      partitionResponses: [
        { index: 0, errorCode: 0, baseOffset: 7 },
        { index: 1, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 },
      ],
    },
    { name: 'other', partitionResponses: [{ errorCode: 0 }, { errorCode: 0 }] },
  ])
})

test('topics are known by their ids', () => {
  const [orders, other] = Object.keys(topicIds)
  const partitions = [{ partition: 3, fetchOffset: 0, partitionMaxBytes: 1 }]
  const topics = [orders, other].map(topicId => ({ topicId, partitions }))
  const shape = answerShape(Fetch, 16)
  expect(isAbout(shape, { topics }, partOf('orders', 3))).toBe(true)
  expect(isAbout(shape, { topics }, partOf('orders', 4))).toBe(false)
  expect(isAbout(shape, { topics: [topics[1]] }, partOf('orders'))).toBe(false)
  const { responses } = answer(Fetch, 16, { topics: [topics[0]] }, { part: partOf('orders') })
  expect(responses).toMatchObject([
    {
      topicId: orders,
      partitions: [{ partitionIndex: 3, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, highWatermark: -1 }],
    },
  ])
})

test('what has another name in the answer is named there', () => {
  const epochs = { topics: [{ topic: 't', partitions: [{ partition: 4, leaderEpoch: 9 }] }] }
  expect(answer(OffsetForLeaderEpoch, 4, epochs).topics).toMatchObject([
    {
      topic: 't',
      partitions: [{ partition: 4, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, leaderEpoch: -1 }],
    },
  ])
  const byName = answer(
    DeleteTopics,
    5,
    { topicNames: ['t'] },
    { error: 'POLICY_VIOLATION', part: partOf('t') },
  )
  expect(byName.responses).toMatchObject([{ name: 't', errorMessage: 'POLICY_VIOLATION' }])
  const groups = answer(DescribeGroups, 5, { groups: ['g', 'h'] })
  expect(groups.groups).toMatchObject([{ groupId: 'g' }, { groupId: 'h' }])
  const found = answer(FindCoordinator, 4, { coordinatorKeys: ['g'] }, { error: 'COORDINATOR_NOT_AVAILABLE' })
  expect(found.coordinators).toMatchObject([
    { key: 'g', nodeId: -1, host: '', port: -1, errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE },
  ])
  const configs = { resources: [{ resourceType: 2, resourceName: 't', configurationKeys: null }] }
  expect(answer(DescribeConfigs, 4, configs, { part: partOf('t') }).results).toMatchObject([
    { resourceType: 2, resourceName: 't', configs: [] },
  ])
})

test('an error of a whole group or session stands as high as it can', () => {
  const topics = [{ name: 't', partitionIndexes: [0, 1] }]
  expect(answer(OffsetFetch, 5, { groupId: 'g', topics }, { error: 'NOT_COORDINATOR' })).toMatchObject({
    errorCode: ErrorCode.NOT_COORDINATOR,
    topics: [],
  })
  expect(
    answer(OffsetFetch, 8, { groups: [{ groupId: 'g', topics }] }, { error: 'NOT_COORDINATOR' }).groups,
  ).toMatchObject([{ groupId: 'g', errorCode: ErrorCode.NOT_COORDINATOR, topics: [] }])
  const both = answer(OffsetFetch, 1, { groupId: 'g', topics }, { error: 'NOT_COORDINATOR' })
  expect(codesIn(both)).toEqual([ErrorCode.NOT_COORDINATOR, ErrorCode.NOT_COORDINATOR])
  const members = [{ memberId: 'm', groupInstanceId: null }]
  expect(answer(LeaveGroup, 4, { groupId: 'g', members }, { error: 'NOT_COORDINATOR' })).toMatchObject({
    errorCode: ErrorCode.NOT_COORDINATOR,
    members: [],
  })
  const join = answer(JoinGroup, 4, { groupId: 'g', memberId: 'm' }, { error: 'REBALANCE_IN_PROGRESS' })
  expect(join).toMatchObject({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS, memberId: 'm', generationId: -1 })
})

test('Metadata keeps its brokers, and its partitions can fail alone', () => {
  const partition = { errorCode: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] }
  const partitions = [0, 1].map(partitionIndex => ({ ...partition, partitionIndex }))
  const served = {
    brokers: [{ nodeId: 1, host: 'h', port: 1 }],
    topics: ['orders', 'other'].map(name => ({ errorCode: 0, name, partitions })),
  }
  const serve = () => served
  const error = 'LEADER_NOT_AVAILABLE'
  const codes = (part: Part, topics: unknown) => {
    const told = answer(Metadata, 6, { topics }, { error, part, serve }) as typeof served
    expect(told.brokers).toMatchObject([{ nodeId: 1 }])
    return told.topics.map(({ errorCode, partitions }) => [
      errorCode,
      ...partitions.map(one => one.errorCode),
    ])
  }
  expect(codes(partOf('orders'), [{ name: 'orders' }])).toEqual([
    [5, 0, 0],
    [0, 0, 0],
  ])
  expect(codes(partOf('orders', 1), null)).toEqual([
    [0, 0, 5],
    [0, 0, 0],
  ])
  expect(codes(partOf(), null)).toEqual([
    [5, 0, 0],
    [5, 0, 0],
  ])
  const shape = answerShape(Metadata, 6)
  expect(isAbout(shape, { topics: null }, partOf('orders'))).toBe(true)
  expect(isAbout(shape, { topics: [{ name: 'other' }] }, partOf('orders', 0))).toBe(false)
})

test('an API that tells of no partitions has none that could fail', () => {
  expect(errorDepth(answerShape(CreateTopics, 7), 'POLICY_VIOLATION', partOf('t', 0))).toBeUndefined()
  expect(errorDepth(answerShape(ApiVersions, 3), 'UNKNOWN_SERVER_ERROR', partOf())).toBe(0)
})
