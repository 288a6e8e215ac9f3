import { describe, expect, test } from 'vitest'
import {
  client,
  commitRequest,
  committed,
  fetchRequest,
  joinAlone,
  joinRequest,
  openCoordinator,
  syncRequest,
  TOPIC_ID,
} from '../../test/support/group-client.ts'
import { ErrorCode, KafkaError } from '../protocol/errors.ts'
import { coordinatorPartition } from './group-coordinator.ts'

const describeV6 = { version: 6 }
const commitV9 = { version: 9 }

describe('the group coordinator', () => {
  test("finds a group's partition as Java does", () => {
    // "polygenelubricants" hashes to −2^31, whose absolute value no Java int holds.
    expect(
      ['g1', 'simple1', '', 'polygenelubricants', 'größe'].map(id => coordinatorPartition(id, 50)),
    ).toEqual([42, 15, 0, 0, 7])
  })

  test('brings twenty members that join at once into one generation', async () => {
    const { coordinator, clock, log } = await openCoordinator({ settings: { groupStragglerDelayMs: 5 } })
    const started = clock.mono()
    const members = Array.from({ length: 20 }, async () => {
      const { memberId } = await coordinator.join(joinRequest('g'), client)
      const { generationId, leader, members } = await coordinator.join(joinRequest('g', memberId), client)
      const ids = leader === memberId ? members.map(member => member.memberId) : []
      const { assignment } = await coordinator.sync(syncRequest('g', memberId, generationId!, ids), {
        version: 5,
      })
      return { generationId, isHis: String(assignment) === `for ${memberId}` }
    })
    await clock.advance(20)
    expect(await Promise.all(members)).toEqual(Array(20).fill({ generationId: 1, isHis: true }))
    expect(clock.mono() - started).toBeLessThanOrEqual(20)
    expect(log.records).toHaveLength(2)
  })

  test('checks ids and timeouts before it looks for a group', async () => {
    const { coordinator } = await openCoordinator()
    const join = async (change: object) =>
      (await coordinator.join({ ...joinRequest('g'), ...change }, client)).errorCode
    expect(await join({ groupId: '' })).toBe(ErrorCode.INVALID_GROUP_ID)
    expect(await join({ sessionTimeoutMs: 5_999 })).toBe(ErrorCode.INVALID_SESSION_TIMEOUT)
    expect(await join({ sessionTimeoutMs: 1_800_001 })).toBe(ErrorCode.INVALID_SESSION_TIMEOUT)
    expect(await join({ memberId: 'unheard-of' })).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    expect(await join({ protocols: [] })).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    expect((await coordinator.list({ statesFilter: [], typesFilter: [] })).groups).toEqual([])
    const claim = { groupId: '', memberId: 'm', generationId: 1, groupInstanceId: null }
    expect((await coordinator.heartbeat(claim)).errorCode).toBe(ErrorCode.INVALID_GROUP_ID)
    expect((await coordinator.heartbeat({ ...claim, groupId: 'g' })).errorCode).toBe(
      ErrorCode.UNKNOWN_MEMBER_ID,
    )
    const noProtocol = { ...syncRequest('g', 'm', 1), protocolName: null }
    expect((await coordinator.sync(noProtocol, { version: 5 })).errorCode).toBe(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    )
    expect((await coordinator.sync(noProtocol, { version: 4 })).errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  test('gives each version of an answer the shape it has for errors', async () => {
    const { coordinator } = await openCoordinator()
    const unknown = joinRequest('g', 'unheard-of')
    expect((await coordinator.join(unknown, { ...client, version: 6 })).protocolName).toBe('')
    expect((await coordinator.join(unknown, { ...client, version: 7 })).protocolName).toBeNull()
    const leave = {
      groupId: 'g',
      memberId: 'm',
      members: [{ memberId: 'm', groupInstanceId: null, reason: null }],
    }
    expect(await coordinator.leave(leave, { version: 2 })).toEqual({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID })
    expect(await coordinator.leave(leave, { version: 3 })).toEqual({
      errorCode: ErrorCode.NONE,
      members: [{ memberId: 'm', groupInstanceId: null, errorCode: ErrorCode.UNKNOWN_MEMBER_ID }],
    })
    const nobody = { groups: ['nobody'], includeAuthorizedOperations: false }
    expect((await coordinator.describe(nobody, { version: 5 })).groups[0]).toMatchObject({
      errorCode: ErrorCode.NONE,
      groupState: 'Dead',
    })
    expect((await coordinator.describe(nobody, describeV6)).groups[0]).toMatchObject({
      errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
      errorMessage: 'Group nobody not found.',
    })
    coordinator.resign(0)
    const topics = [{ name: 't', partitionIndexes: [3] }]
    const old = { groupId: 'g', topics, groups: [], requireStable: false }
    expect((await coordinator.fetchOffsets(old, { version: 1 })).topics).toEqual([
      {
        name: 't',
        partitions: [
          { partitionIndex: 3, committedOffset: -1, metadata: '', errorCode: ErrorCode.NOT_COORDINATOR },
        ],
      },
    ])
    expect(await coordinator.fetchOffsets(old, { version: 2 })).toEqual({
      topics: [],
      errorCode: ErrorCode.NOT_COORDINATOR,
    })
    expect(await coordinator.fetchOffsets(fetchRequest('g'), { version: 8 })).toEqual({
      groups: [{ groupId: 'g', topics: [], errorCode: ErrorCode.NOT_COORDINATOR }],
    })
  })

  test('lists groups by state and type, however they are spelt', async () => {
    const { coordinator, clock } = await openCoordinator()
    await joinAlone(coordinator, clock, 'busy')
    await coordinator.commitOffsets(commitRequest('simple', { 0: 1 }), commitV9)
    const list = async (statesFilter: string[], typesFilter: string[] = []) => {
      const { groups } = await coordinator.list({ statesFilter, typesFilter })
      return groups.map(({ groupId, groupState, protocolType }) => `${groupId} ${groupState} ${protocolType}`)
    }
    expect(await list([])).toEqual(['busy Stable consumer', 'simple Empty '])
    expect(await list(['STABLE'])).toEqual(['busy Stable consumer'])
    expect(await list(['empty', 'Dead'], ['Classic'])).toEqual(['simple Empty '])
    expect(await list([], ['consumer'])).toEqual([])
  })
})

describe('offsets', () => {
  test('are fetched as they were committed, by name or by id', async () => {
    const { coordinator } = await openCoordinator()
    await coordinator.commitOffsets(commitRequest('g', { 3: 30, 1: 10 }), commitV9)
    await coordinator.commitOffsets(commitRequest('g', { 1: 11 }), { version: 10 })
    const { groups = [] } = await coordinator.fetchOffsets(fetchRequest('g', true), { version: 10 })
    const partition = { committedLeaderEpoch: 4, metadata: '', errorCode: ErrorCode.NONE }
    expect(groups).toEqual([
      {
        groupId: 'g',
        topics: [
          {
            name: 't',
            topicId: TOPIC_ID,
            partitions: [
              { ...partition, partitionIndex: 1, committedOffset: 11 },
              { ...partition, partitionIndex: 3, committedOffset: 30 },
            ],
          },
        ],
      },
    ])
    expect(await committed(coordinator, 'another')).toEqual({})
  })

  test('that can not be taken are refused one by one', async () => {
    const { coordinator, log } = await openCoordinator()
    const request = commitRequest('g', { 0: 1, 1: 2, 99: 3 })
    request.topics[0]!.partitions[0]!.committedMetadata = 'x'.repeat(4_097)
    const unknown = { ...request.topics[0]!, name: 'nope', topicId: 'AAAAAAAAAAAAAAAAAAAAAw' }
    request.topics.push(unknown)
    const codes = async (version: number) => {
      const { topics } = await coordinator.commitOffsets(request, { version })
      return topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
    }
    const known = [ErrorCode.OFFSET_METADATA_TOO_LARGE, ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]
    expect(await codes(9)).toEqual([known, Array(3).fill(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)])
    expect(await codes(10)).toEqual([known, Array(3).fill(ErrorCode.UNKNOWN_TOPIC_ID)])
    expect(log.records).toHaveLength(2)
  })

  test('of a commit that fits no batch are all refused, and nobody else is disturbed', async () => {
    const { coordinator, warnings } = await openCoordinator({ settings: { batchBytesMax: 600 } })
    const large = commitRequest('g', Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i, i])))
    const { topics } = await coordinator.commitOffsets(large, commitV9)
    expect(new Set(topics[0]!.partitions.map(({ errorCode }) => errorCode))).toEqual(
      new Set([ErrorCode.INVALID_COMMIT_OFFSET_SIZE]),
    )
    await coordinator.commitOffsets(commitRequest('g', { 1: 1 }), commitV9)
    expect(await committed(coordinator, 'g')).toEqual({ 't-1': 1 })
    expect(warnings).toEqual([])
  })

  test('go with their group, which must be empty', async () => {
    const { coordinator, clock, log } = await openCoordinator()
    const memberId = await joinAlone(coordinator, clock, 'g')
    await coordinator.commitOffsets(commitRequest('g', { 0: 5, 1: 6 }, { memberId, generation: 1 }), commitV9)
    const remove = async () => {
      const { results } = await coordinator.delete({ groupsNames: ['g', 'nobody'] })
      return results.map(({ errorCode }) => errorCode)
    }
    expect(await remove()).toEqual([ErrorCode.NON_EMPTY_GROUP, ErrorCode.GROUP_ID_NOT_FOUND])
    const leavers = [{ memberId, groupInstanceId: null, reason: null }]
    await coordinator.leave({ groupId: 'g', memberId: '', members: leavers }, { version: 5 })
    // This commit is under way when the group is deleted, and must not outlive it.
    const late = coordinator.commitOffsets(commitRequest('g', { 7: 7 }), commitV9)
    expect(await remove()).toEqual([ErrorCode.NONE, ErrorCode.GROUP_ID_NOT_FOUND])
    await late
    expect(await committed(coordinator, 'g')).toEqual({})
    expect(log.records.filter(({ value }) => value === null)).toHaveLength(4)
    expect(await remove()).toEqual([ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.GROUP_ID_NOT_FOUND])
  })

  test('go with their topic, and leave the others', async () => {
    const { coordinator } = await openCoordinator()
    for (const group of ['a', 'b']) {
      await coordinator.commitOffsets(commitRequest(group, { 0: 1, 1: 2 }), commitV9)
      await coordinator.commitOffsets(commitRequest(group, { 0: 3 }, { topic: 'u' }), commitV9)
    }
    await coordinator.onTopicDeleted({ name: 't', topicId: TOPIC_ID })
    expect(await committed(coordinator, 'a')).toEqual({ 'u-0': 3 })
    expect(await committed(coordinator, 'b')).toEqual({ 'u-0': 3 })
  })

  test('stay with the topic that they were committed for when another has its name', async () => {
    const { coordinator, ids } = await openCoordinator()
    const successor = 'AAAAAAAAAAAAAAAAAAAAAw'
    const byId = async (version: number) => {
      const topics = [{ name: 't', topicId: successor, partitionIndexes: [0, 1, 2] }]
      const wanted = {
        ...fetchRequest('g'),
        groups: [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }],
      }
      const { groups = [] } = await coordinator.fetchOffsets(wanted, { version })
      return groups[0]!.topics[0]!.partitions.map(({ committedOffset }) => committedOffset)
    }
    const offsets = commitRequest('g', { 0: 5, 1: 6 })
    await coordinator.commitOffsets(offsets, commitV9)
    // A commit with a retention of its own is stored in a format without a topic id.
    await coordinator.commitOffsets(commitRequest('g', { 2: 7 }, { retentionTimeMs: 60_000 }), { version: 4 })
    ids.t = successor
    await coordinator.commitOffsets(commitRequest('g', { 1: 1 }), commitV9)
    expect(await byId(10)).toEqual([-1, 1, 7])
    expect(await byId(9)).toEqual([-1, 1, 7])
    expect(await committed(coordinator, 'g')).toEqual({ 't-1': 1, 't-2': 7 })
    await coordinator.onTopicDeleted({ name: 't', topicId: TOPIC_ID })
    ids.t = undefined // so that nothing is hidden
    expect(await committed(coordinator, 'g')).toEqual({ 't-1': 1 })
  })

  test('go with the next round of expiry when they could not go with their topic', async () => {
    const { coordinator, clock, log, ids, warnings } = await openCoordinator()
    const memberId = await joinAlone(coordinator, clock, 'g')
    const asMember = { memberId, generation: 1 }
    await coordinator.commitOffsets(commitRequest('g', { 0: 5 }, asMember), commitV9)
    await coordinator.commitOffsets(commitRequest('g', { 0: 6 }, { ...asMember, topic: 'u' }), commitV9)
    const expiring = commitRequest('g', { 1: 7 }, { ...asMember, retentionTimeMs: 10_000_000 })
    await coordinator.commitOffsets(expiring, { version: 4 })
    ids.t = undefined
    log.failure = { error: new KafkaError('KAFKA_STORAGE_ERROR'), writes: false }
    await coordinator.onTopicDeleted({ name: 't', topicId: TOPIC_ID })
    log.failure = null
    await clock.advance(2_000)
    expect(warnings).toContain('offsets of a deleted topic stay')
    expect(await committed(coordinator, 'g')).toEqual({ 't-0': 5, 't-1': 7, 'u-0': 6 })
    await coordinator.expireOffsets()
    expect(await committed(coordinator, 'g')).toEqual({ 'u-0': 6 })
  })

  test('are deleted one by one unless the group is subscribed to their topic', async () => {
    const { coordinator, clock } = await openCoordinator()
    const memberId = await joinAlone(coordinator, clock, 'g')
    await coordinator.commitOffsets(commitRequest('g', { 0: 1 }, { memberId, generation: 1 }), commitV9)
    const asU = commitRequest('g', { 0: 2, 1: 3 }, { memberId, generation: 1, topic: 'u' })
    await coordinator.commitOffsets(asU, commitV9)
    const partitions = [{ partitionIndex: 0 }, { partitionIndex: 99 }]
    const topics = ['t', 'u'].map(name => ({ name, partitions }))
    const answer = await coordinator.deleteOffsets({ groupId: 'g', topics })
    expect(answer.topics.map(topic => topic.partitions.map(({ errorCode }) => errorCode))).toEqual([
      [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ])
    expect(await committed(coordinator, 'g')).toEqual({ 't-0': 1, 'u-1': 3 })
    expect((await coordinator.deleteOffsets({ groupId: 'no', topics })).errorCode).toBe(
      ErrorCode.GROUP_ID_NOT_FOUND,
    )
  })
})

describe('with time', () => {
  const week = 7 * 24 * 3_600_000

  test('offsets are kept while the group has members, then for the retention since it became empty', async () => {
    const { coordinator, clock } = await openCoordinator()
    const memberId = await joinAlone(coordinator, clock, 'g')
    const asMember = { memberId, generation: 1 }
    await coordinator.commitOffsets(commitRequest('g', { 0: 5 }, asMember), commitV9)
    await coordinator.commitOffsets(commitRequest('g', { 0: 6 }, { ...asMember, topic: 'u' }), commitV9)
    for (let waited = 0; waited < week + 1_200_000; waited += 9_000) {
      await coordinator.heartbeat({ groupId: 'g', memberId, generationId: 1, groupInstanceId: null })
      clock.freeze(9_000)
    }
    await coordinator.expireOffsets()
    expect(await committed(coordinator, 'g')).toEqual({ 't-0': 5 })
    const members = [{ memberId, groupInstanceId: null, reason: null }]
    await coordinator.leave({ groupId: 'g', memberId: '', members }, { version: 5 })
    await clock.advance(week - 1)
    expect(await committed(coordinator, 'g')).toEqual({ 't-0': 5 })
    await clock.advance(600_001)
    expect(await committed(coordinator, 'g')).toEqual({})
    expect((await coordinator.list({ statesFilter: [], typesFilter: [] })).groups).toEqual([])
  })

  test('offsets without a group go one by one, by their own commit or the time it asked for', async () => {
    const { coordinator, clock, log } = await openCoordinator()
    await coordinator.commitOffsets(commitRequest('g', { 0: 1 }, { retentionTimeMs: 1_000 }), { version: 4 })
    await coordinator.commitOffsets(commitRequest('g', { 1: 2 }), commitV9)
    await clock.advance(600_000)
    expect(await committed(coordinator, 'g')).toEqual({ 't-1': 2 })
    await clock.advance(week / 2)
    await coordinator.commitOffsets(commitRequest('g', { 2: 3 }), commitV9)
    await clock.advance(week / 2)
    expect(await committed(coordinator, 'g')).toEqual({ 't-2': 3 })
    await clock.advance(week)
    expect(log.records.filter(({ value }) => value === null)).toHaveLength(4)
  })

  test('a group that nobody ever came back to is forgotten', async () => {
    const { coordinator, clock } = await openCoordinator()
    const { memberId } = await coordinator.join(joinRequest('g'), client)
    await clock.advance(600_000)
    const again = await coordinator.join(joinRequest('g', memberId), client)
    expect(again.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    expect(
      (await coordinator.describe({ groups: ['g'], includeAuthorizedOperations: false }, describeV6))
        .groups[0],
    ).toMatchObject({ errorCode: ErrorCode.GROUP_ID_NOT_FOUND })
  })
})
