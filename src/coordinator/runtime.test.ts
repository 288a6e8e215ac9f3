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
} from '../../test/support/group-client.ts'
import { MemoryCoordinatorLog } from '../../test/support/memory-coordinator-log.ts'
import { SeededRandom } from '../base/random.ts'
import { ErrorCode, KafkaError } from '../protocol/errors.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { offsetRecord } from './groups/record-codec.ts'

const commitV9 = { version: 9 }
const everything = { statesFilter: [], typesFilter: [] }

/** What outlives a crash: groups with their members and assignments, and offsets. */
async function durable(coordinator: GroupCoordinator, groups: readonly string[]) {
  const described = await coordinator.describe({ groups, includeAuthorizedOperations: false }, { version: 6 })
  const offsets = await Promise.all(groups.map(group => committed(coordinator, group)))
  return { groups: described.groups, offsets }
}

describe('a coordinator and its log', () => {
  test('a new one knows what the old one had stored, wherever it takes over', async () => {
    const groups = ['alone', 'simple', 'left', 'deleted', 'static']
    const { coordinator, clock, log } = await openCoordinator()
    const memberId = await joinAlone(coordinator, clock, 'alone')
    await coordinator.commitOffsets(commitRequest('alone', { 0: 5 }, { memberId, generation: 1 }), commitV9)
    await coordinator.commitOffsets(commitRequest('simple', { 1: 1, 2: 2 }), commitV9)
    const leaver = await joinAlone(coordinator, clock, 'left')
    const members = [{ memberId: leaver, groupInstanceId: null, reason: null }]
    await coordinator.leave({ groupId: 'left', memberId: '', members }, { version: 5 })
    await coordinator.commitOffsets(commitRequest('deleted', { 1: 1 }), commitV9)
    await coordinator.delete({ groupsNames: ['deleted'] })
    const staticJoin = coordinator.join({ ...joinRequest('static'), groupInstanceId: 'i' }, client)
    await clock.advance(1)
    const old = (await staticJoin).memberId
    await coordinator.sync({ ...syncRequest('static', old, 1, [old]), groupInstanceId: 'i' }, { version: 5 })
    await coordinator.join({ ...joinRequest('static'), groupInstanceId: 'i' }, client)

    const before = await durable(coordinator, groups)
    const fresh = await openCoordinator({ log })
    expect(await durable(fresh.coordinator, groups)).toEqual(before)
    await coordinator.lead(0, log)
    expect(await durable(coordinator, groups)).toEqual(before)
    const heartbeat = { groupId: 'alone', memberId, generationId: 1, groupInstanceId: null }
    expect((await coordinator.heartbeat(heartbeat)).errorCode).toBe(ErrorCode.NONE)
  })

  test('another log in the same place is not mistaken for the old one', async () => {
    const { coordinator } = await openCoordinator()
    await coordinator.commitOffsets(commitRequest('g', { 1: 1 }), commitV9)
    await coordinator.lead(0, new MemoryCoordinatorLog('second'))
    expect(await committed(coordinator, 'g')).toEqual({})
  })

  test('a log that was reset makes the state anew', async () => {
    const { coordinator } = await openCoordinator()
    await coordinator.commitOffsets(commitRequest('g', { 1: 1, 2: 2 }), commitV9)
    const shorter = new MemoryCoordinatorLog()
    await shorter.append([{ ...offsetRecord('h', 't', 0, { ...zero, offset: 9 }), timestamp: 0 }])
    await coordinator.lead(0, shorter)
    expect([await committed(coordinator, 'g'), await committed(coordinator, 'h')]).toEqual([{}, { 't-0': 9 }])
  })

  test('loads a hundred thousand offsets in little time, and lists their groups', async () => {
    const log = new MemoryCoordinatorLog()
    for (let group = 0; group < 100; group++) {
      const records = Array.from({ length: 1_000 }, (_, i) => ({
        ...offsetRecord(`group-${group}`, 't', i, { ...zero, offset: i }),
        timestamp: 0,
      }))
      await log.append(records)
    }
    const started = performance.now()
    const { coordinator } = await openCoordinator({ log })
    expect(performance.now() - started).toBeLessThan(5_000)
    expect((await coordinator.list(everything)).groups).toHaveLength(100)
    expect(Object.keys(await committed(coordinator, 'group-42'))).toHaveLength(1_000)
  })

  test('records of other types, from newer versions, are stepped over', async () => {
    const log = new MemoryCoordinatorLog()
    await log.append([{ key: Buffer.from([0, 99, 1]), value: Buffer.alloc(1), timestamp: 0 }])
    const { coordinator, warnings } = await openCoordinator({ log })
    await coordinator.commitOffsets(commitRequest('g', { 1: 1 }), commitV9)
    expect(warnings).toEqual(['records of unknown types were left out'])
  })
})

describe('while a partition is not there', () => {
  test('callers are sent elsewhere, or told to wait; heartbeats go on', async () => {
    const { coordinator } = await openCoordinator()
    const codes = async () => ({
      join: (await coordinator.join(joinRequest('g'), client)).errorCode,
      sync: (await coordinator.sync(syncRequest('g', 'm', 1), { version: 5 })).errorCode,
      heartbeat: (
        await coordinator.heartbeat({ groupId: 'g', memberId: 'm', generationId: 1, groupInstanceId: null })
      ).errorCode,
      commit: (await coordinator.commitOffsets(commitRequest('g', { 0: 1 }), commitV9)).topics[0]!
        .partitions[0]!.errorCode,
      fetch: (await coordinator.fetchOffsets(fetchRequest('g'), { version: 9 })).groups![0]!.errorCode,
      list: (await coordinator.list(everything)).errorCode,
    })
    const every = (code: number) => ({
      join: code,
      sync: code,
      heartbeat: code,
      commit: code,
      fetch: code,
      list: code,
    })
    coordinator.resign(0)
    expect(await codes()).toEqual({ ...every(ErrorCode.NOT_COORDINATOR), list: ErrorCode.NONE })
    let finish: () => void = () => {}
    class SlowLog extends MemoryCoordinatorLog {
      override async *read() {
        await new Promise<void>(resolve => {
          finish = resolve
        })
        yield* []
      }
    }
    const slow = new SlowLog()
    const loading = coordinator.lead(0, slow)
    await new Promise(resolve => setImmediate(resolve))
    expect(await codes()).toEqual({
      ...every(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
      heartbeat: ErrorCode.NONE,
    })
    finish()
    await loading
    expect((await codes()).list).toBe(ErrorCode.NONE)
  })

  test('who waits when it goes is told to look for the new coordinator', async () => {
    const { coordinator, clock } = await openCoordinator()
    const { memberId } = await coordinator.join(joinRequest('g'), client)
    const joining = coordinator.join(joinRequest('g', memberId), client)
    coordinator.resign(0)
    expect((await joining).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
    coordinator.close()
    await clock.advance(3_600_000)
    expect(clock.timers).toBe(0)
  })

  test('what was under way when it went does not reach the state of the next one', async () => {
    const { coordinator, clock, log } = await openCoordinator()
    log.hold()
    const late = coordinator.commitOffsets(commitRequest('g', { 1: 1 }), commitV9)
    await clock.settle()
    const next = new MemoryCoordinatorLog()
    await coordinator.lead(0, next)
    await coordinator.commitOffsets(commitRequest('g', { 1: 2 }), commitV9)
    log.release()
    expect((await late).topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NOT_COORDINATOR)
    expect(await committed(coordinator, 'g')).toEqual({ 't-1': 2 })
  })

  test('a log that can not be read is tried again', async () => {
    const { coordinator, clock, warnings } = await openCoordinator()
    let failures = 2
    class FlakyLog extends MemoryCoordinatorLog {
      override async *read() {
        if (failures-- > 0) throw new KafkaError('KAFKA_STORAGE_ERROR')
        yield* []
      }
    }
    const flaky = new FlakyLog()
    await coordinator.lead(0, flaky)
    expect((await coordinator.list(everything)).errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    await clock.advance(2_000)
    expect((await coordinator.list(everything)).errorCode).toBe(ErrorCode.NONE)
    expect(warnings).toHaveLength(2)
  })
})

describe('an answer', () => {
  test('is held until what it tells is durable', async () => {
    const { coordinator, clock, log } = await openCoordinator()
    const { memberId } = await coordinator.join(joinRequest('g'), client)
    const joining = coordinator.join(joinRequest('g', memberId), client)
    await clock.advance(1)
    await joining
    log.hold()
    const answered: string[] = []
    const note = (name: string) => () => void answered.push(name)
    const all = [
      coordinator.sync(syncRequest('g', memberId, 1, [memberId]), { version: 5 }).then(note('sync')),
      coordinator.commitOffsets(commitRequest('h', { 1: 1 }), commitV9).then(note('commit')),
      coordinator
        .heartbeat({ groupId: 'g', memberId, generationId: 1, groupInstanceId: null })
        .then(note('heartbeat')),
    ]
    await clock.settle()
    expect(answered).toEqual([])
    expect(await committed(coordinator, 'h')).toEqual({})
    log.release()
    await Promise.all(all)
    expect(answered.sort()).toEqual(['commit', 'heartbeat', 'sync'])
    expect(await committed(coordinator, 'h')).toEqual({ 't-1': 1 })
  })

  test('requireStable waits for offsets that are being committed', async () => {
    const { coordinator, clock, log } = await openCoordinator()
    log.hold()
    const committing = coordinator.commitOffsets(commitRequest('g', { 1: 1 }), commitV9)
    const fetching = coordinator.fetchOffsets(fetchRequest('g', true), { version: 9 })
    await clock.settle()
    log.release()
    await committing
    expect((await fetching).groups![0]!.topics[0]!.partitions[0]!.committedOffset).toBe(1)
  })

  test.each([
    ['NOT_LEADER_OR_FOLLOWER', ErrorCode.NOT_COORDINATOR, false],
    ['KAFKA_STORAGE_ERROR', ErrorCode.NOT_COORDINATOR, true],
    ['NOT_ENOUGH_REPLICAS', ErrorCode.COORDINATOR_NOT_AVAILABLE, false],
  ] as const)(
    'is an error when the append failed with %s, and the state is what the log holds',
    async (error, code, writes) => {
      const { coordinator, clock, log } = await openCoordinator()
      await coordinator.commitOffsets(commitRequest('g', { 1: 1 }), commitV9)
      const { memberId } = await coordinator.join(joinRequest('m'), client)
      const joining = coordinator.join(joinRequest('m', memberId), client)
      await clock.advance(1)
      await joining
      log.failure = { error: new KafkaError(error), writes }
      const [sync, commit] = await Promise.all([
        coordinator.sync(syncRequest('m', memberId, 1, [memberId]), { version: 5 }),
        coordinator.commitOffsets(commitRequest('g', { 1: 2 }), commitV9),
      ])
      expect([sync.errorCode, commit.topics[0]!.partitions[0]!.errorCode]).toEqual([code, code])
      await clock.settle()
      expect(await committed(coordinator, 'g')).toEqual({ 't-1': writes ? 2 : 1 })
      const { groups } = await coordinator.describe(
        { groups: ['m'], includeAuthorizedOperations: false },
        { version: 6 },
      )
      expect(groups[0]!.groupState).toBe(writes ? 'Stable' : 'Empty')
      await coordinator.commitOffsets(commitRequest('g', { 1: 3 }), commitV9)
      expect(await committed(coordinator, 'g')).toEqual({ 't-1': 3 })
    },
  )
})

describe('bounds', () => {
  test('groups: one more is refused, over all partitions, and those that are there go on', async () => {
    const settings = { groupsMax: 3 }
    const { coordinator } = await openCoordinator({ settings, partitions: 2 })
    await coordinator.lead(1, new MemoryCoordinatorLog())
    const commit = async (group: string) =>
      (await coordinator.commitOffsets(commitRequest(group, { 0: 1 }), commitV9)).topics[0]!.partitions[0]!
        .errorCode
    expect(new Set(['a', 'b', 'c'].map(id => coordinator.coordinatorPartition(id)))).toEqual(new Set([0, 1]))
    for (const group of ['a', 'b']) expect(await commit(group)).toBe(ErrorCode.NONE)
    expect((await coordinator.join(joinRequest('c'), client)).errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED)
    expect((await coordinator.join(joinRequest('d'), client)).errorCode).toBe(
      ErrorCode.GROUP_MAX_SIZE_REACHED,
    )
    expect(await commit('e')).toBe(ErrorCode.GROUP_MAX_SIZE_REACHED)
    expect(await commit('a')).toBe(ErrorCode.NONE)
    await coordinator.delete({ groupsNames: ['a'] })
    expect(await commit('e')).toBe(ErrorCode.NONE)
  })

  test('members: a thousand are in, one more is refused', async () => {
    const { coordinator, clock } = await openCoordinator()
    const joins = Array.from({ length: 1_001 }, () =>
      coordinator.join(joinRequest('g'), { ...client, version: 3 }),
    )
    await clock.advance(1)
    const codes = (await Promise.all(joins)).map(({ errorCode }) => errorCode)
    expect(codes.filter(code => code === ErrorCode.NONE)).toHaveLength(1_000)
    expect(codes.filter(code => code === ErrorCode.GROUP_MAX_SIZE_REACHED)).toHaveLength(1)
  })

  test('an assignment that fits no record ends the rebalance with an error, and the group begins anew', async () => {
    const { coordinator, clock, warnings } = await openCoordinator({ settings: { batchBytesMax: 2_000 } })
    const { memberId } = await coordinator.join(joinRequest('g'), client)
    const joining = coordinator.join(joinRequest('g', memberId), client)
    await clock.advance(1)
    await joining
    const assignments = [{ memberId, assignment: Buffer.alloc(2_000) }]
    const sync = { ...syncRequest('g', memberId, 1), assignments }
    expect((await coordinator.sync(sync, { version: 5 })).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR)
    const claim = { groupId: 'g', memberId, generationId: 1, groupInstanceId: null }
    expect((await coordinator.heartbeat(claim)).errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(warnings).toEqual([])
  })

  test('what waits for the log: requests are sent away when there is too much, and welcome again after', async () => {
    const { coordinator, log } = await openCoordinator({ settings: { offsetMetadataMaxBytes: 1_000_000 } })
    log.hold()
    const large = commitRequest('g', { 0: 1 })
    large.topics[0]!.partitions[0]!.committedMetadata = 'x'.repeat(32_000)
    const commit = async () =>
      (await coordinator.commitOffsets(large, commitV9)).topics[0]!.partitions[0]!.errorCode
    const commits = Array.from({ length: 530 }, commit)
    log.release()
    const codes = await Promise.all(commits)
    expect(codes.filter(code => code === ErrorCode.COORDINATOR_NOT_AVAILABLE).length).toBeGreaterThan(0)
    expect(codes.filter(code => code === ErrorCode.NONE).length).toBeGreaterThan(500)
    expect(await commit()).toBe(ErrorCode.NONE)
  })
})

const seed = Number(process.env.SEED ?? 42)

test(`random commits, deletions and failed appends leave what the log says (SEED=${seed})`, async () => {
  const random = new SeededRandom(seed)
  const { coordinator, clock, log, ids } = await openCoordinator()
  const groups = ['a', 'b', 'c']
  for (let step = 0; step < 400; step++) {
    const group = groups[random.below(groups.length)]!
    const dice = random.below(20)
    if (dice === 0)
      log.failure = { error: new KafkaError('KAFKA_STORAGE_ERROR'), writes: random.below(2) === 0 }
    if (dice === 1) void coordinator.delete({ groupsNames: [group] })
    else if (dice === 2) {
      const name = random.below(2) === 0 ? 't' : 'u'
      void coordinator.onTopicDeleted({ name, topicId: ids[name]! })
    } else void coordinator.commitOffsets(commitRequest(group, { [random.below(3)]: step }), commitV9)
    if (random.below(3) === 0) await clock.settle()
    if (step % 40 !== 39) continue
    log.failure = null
    await clock.settle()
    // A group that has lost all its offsets to deleted topics goes with the next round.
    await coordinator.expireOffsets()
    const fresh = await openCoordinator({ log })
    const listed = async (one: GroupCoordinator) =>
      (await one.list(everything)).groups.map(({ groupId }) => groupId).sort()
    expect(await durable(coordinator, groups), `step ${step}`).toEqual(
      await durable(fresh.coordinator, groups),
    )
    expect(await listed(coordinator), `step ${step}`).toEqual(await listed(fresh.coordinator))
  }
})

const zero = {
  offset: 0,
  leaderEpoch: -1,
  metadata: '',
  commitTimestamp: 0,
  expireTimestamp: -1,
  topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
}
