import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import type { KeyedRecord } from '../coordinator-log.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { GroupEntry, GroupPartition } from './group-partition.ts'
import type { StoredOffset } from './group-store.ts'
import { isOfTopic, type TopicDirectory } from './offset-commit.ts'
import { type CommittedOffset, groupRecord, offsetRecord } from './record-codec.ts'

/**
 * How offsets and groups go: with their group, with their topic, one by one, or with time. What goes leaves a tombstone in the log.
 *
 * Expiry is Kafka's (KIP-211): a group's offsets are kept while it has members, then for the retention since it became empty;
 * offsets of topics that an active group is not subscribed to, and of groups that only ever committed, for the retention
 * since their own commit. A group that is empty and has no offset left goes too.
 */
export async function deleteGroup(partition: GroupPartition, groupId: string): Promise<number> {
  const entry = partition.find(groupId)
  if (entry === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
  if (entry.group.state !== 'Empty') return ErrorCode.NON_EMPTY_GROUP
  const read = () => Array.fromAsync(partition.store.offsets(groupId))
  await partition.settle(entry, read, offsets => {
    if (partition.find(groupId) !== entry) throw new KafkaError('GROUP_ID_NOT_FOUND')
    if (entry.group.state !== 'Empty') throw new KafkaError('NON_EMPTY_GROUP')
    partition.remove(entry)
    return [...offsets.map(offset => tombstone(groupId, offset)), groupRecord(groupId, null)]
  })
  return ErrorCode.NONE
}

/** OffsetDelete: an error code for each partition asked for. Absent offsets count as deleted. */
export async function deleteOffsets(
  partition: GroupPartition,
  groupId: string,
  wanted: readonly { topic: string; partitionIndex: number }[],
): Promise<number[]> {
  const entry = partition.find(groupId)
  if (entry === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND')
  const read = async () => {
    const found = wanted.map(({ topic, partitionIndex }) =>
      partition.store.find(groupId, topic, partitionIndex),
    )
    return await Promise.all(found)
  }
  let errorCodes: number[] = []
  await partition.settle(entry, read, found => {
    const { group } = entry
    if (group.state !== 'Empty' && group.protocolType !== 'consumer') throw new KafkaError('NON_EMPTY_GROUP')
    errorCodes = wanted.map(({ topic }) =>
      group.isSubscribedTo(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE,
    )
    const gone = wanted.filter((_, i) => found[i] !== undefined && errorCodes[i] === ErrorCode.NONE)
    return gone.map(offset => tombstone(groupId, offset))
  })
  return errorCodes
}

/** A topic is gone: all groups forget their offsets of it, and keep those of another topic that has its name by now. */
export async function forgetTopic(
  partition: GroupPartition,
  { name, topicId }: { name: string; topicId: string },
): Promise<void> {
  await forEachGroup(partition, async entry => {
    const { id } = entry.group
    const read = async () => {
      const offsets = await Array.fromAsync(partition.store.offsets(id, name))
      return offsets.filter(({ committed }) => isOfTopic(committed, topicId))
    }
    await partition.settle(entry, read, offsets => offsets.map(offset => tombstone(id, offset)))
  })
}

/**
 * One round of expiry over all groups; `pause` gives the event loop back between slices. Offsets of topics that are gone go too, when they
 * could not go with their topic.
 */
export async function expireOffsets(
  partition: GroupPartition,
  topics: TopicDirectory,
  pause: () => Promise<void>,
): Promise<void> {
  let seen = 0
  const pauseAfter = async (count: number) => {
    seen += count
    if (seen < SLICE_OFFSETS) return
    seen = 0
    await pause()
  }
  await forEachGroup(partition, async entry => {
    await expireGroup(partition, entry, topics, pauseAfter)
    await pauseAfter(1)
  })
}

/** One group after another; where it fails the others have their turn, and the first failure is thrown at the end. */
async function forEachGroup(
  partition: GroupPartition,
  run: (entry: GroupEntry) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  for (const entry of [...partition.groups()]) {
    if (partition.find(entry.group.id) !== entry) continue
    await run(entry).catch(error => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}

async function expireGroup(
  partition: GroupPartition,
  entry: GroupEntry,
  topics: TopicDirectory,
  pauseAfter: (count: number) => Promise<void>,
): Promise<void> {
  const { group } = entry
  const { wall } = partition.now()
  const retentionMs = partition.settings.offsetsRetentionMinutes * 60_000
  const isGoing = (offset: StoredOffset) =>
    isLeftover(offset, topics) || isExpired(group, offset, wall, retentionMs)
  const read = async () => {
    const expired: StoredOffset[] = []
    let kept = 0
    for await (const offset of partition.store.offsets(group.id)) {
      if (isGoing(offset)) expired.push(offset)
      else kept++
      await pauseAfter(1)
    }
    return { expired, kept }
  }
  await partition.settle(entry, read, ({ expired, kept }) => {
    if (partition.find(group.id) !== entry) return []
    // Members may have come while the offsets were read, and with them another rule.
    const going = expired.filter(isGoing)
    const tombstones: KeyedRecord[] = going.map(offset => tombstone(group.id, offset))
    const isLeft = kept > 0 || going.length < expired.length || group.state !== 'Empty' || group.isInUse
    if (isLeft) return tombstones
    partition.remove(entry)
    return [...tombstones, groupRecord(group.id, null)]
  })
}

/** The offset of a topic that is gone. */
function isLeftover({ topic, committed: { topicId } }: StoredOffset, topics: TopicDirectory): boolean {
  if (topicId === ZERO_UUID) return topics.findTopic(topic) === undefined
  return topics.findTopicName(topicId) === undefined
}

function isExpired(group: ClassicGroup, offset: StoredOffset, wallMs: number, retentionMs: number): boolean {
  if (group.isSubscribedTo(offset.topic)) return false
  const { committed } = offset
  const since = retentionStart(group, committed)
  if (since === undefined) return false
  if (committed.expireTimestamp >= 0) return wallMs >= committed.expireTimestamp
  return wallMs - since >= retentionMs
}

/** From when on the retention counts; undefined while nothing of the group may expire. */
function retentionStart(group: ClassicGroup, committed: CommittedOffset): number | undefined {
  if (group.protocolType === null) return committed.commitTimestamp
  if (group.state === 'Empty')
    return group.stateTimestamp < 0 ? committed.commitTimestamp : group.stateTimestamp
  return group.state === 'Stable' && group.knowsTopics ? committed.commitTimestamp : undefined
}

function tombstone(
  groupId: string,
  { topic, partitionIndex }: { topic: string; partitionIndex: number },
): KeyedRecord {
  return offsetRecord(groupId, topic, partitionIndex, null)
}

/** Offsets looked at before others get their turn: about a millisecond's work. */
const SLICE_OFFSETS = 1_000
