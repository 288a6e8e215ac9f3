import { ErrorCode } from '../../protocol/errors.ts'
import type {
  OffsetFetchGroup,
  OffsetFetchGroupResult,
  OffsetFetchTopicResult,
} from '../../protocol/messages/offset-fetch.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import type { GroupStore } from './group-store.ts'
import { isOfTopic, type TopicDirectory } from './offset-commit.ts'
import type { CommittedOffset } from './record-codec.ts'

/**
 * A group's committed offsets, as OffsetFetch shows them: −1 where there is none. Reads committed state only. An offset that was committed
 * for an earlier topic of the name counts as none, although its tombstone may be still to come.
 */
export async function fetchOffsets(
  request: OffsetFetchGroup,
  byId: boolean,
  store: GroupStore,
  topics: TopicDirectory,
): Promise<OffsetFetchGroupResult> {
  const { groupId } = request
  if (request.topics === null) return { groupId, topics: await fetchAll(groupId, byId, store, topics) }
  const found = request.topics.map(async ({ name, topicId, partitionIndexes }) => {
    const wanted = byId ? topics.findTopicName(topicId) : name
    const wantedId = byId ? topicId : topics.findTopic(name)?.topicId
    const partitions = partitionIndexes.map(async partitionIndex => {
      if (wanted === undefined) return answer(partitionIndex, undefined, ErrorCode.UNKNOWN_TOPIC_ID)
      const committed = await store.find(groupId, wanted, partitionIndex)
      const isStale = committed && wantedId !== undefined && !isOfTopic(committed, wantedId)
      return answer(partitionIndex, isStale ? undefined : committed)
    })
    return { name, topicId, partitions: await Promise.all(partitions) }
  })
  return { groupId, topics: await Promise.all(found) }
}

async function fetchAll(
  groupId: string,
  byId: boolean,
  store: GroupStore,
  topics: TopicDirectory,
): Promise<OffsetFetchTopicResult[]> {
  const results = new Map<string, OffsetFetchTopicResult & { partitions: ReturnType<typeof answer>[] }>()
  for await (const { topic, partitionIndex, committed } of store.offsets(groupId)) {
    const presentId = topics.findTopic(topic)?.topicId
    // A topic that is gone has no id any more by which a client could be told.
    if (presentId === undefined ? byId : !isOfTopic(committed, presentId)) continue
    let result = results.get(topic)
    if (result === undefined) {
      result = { name: topic, topicId: byId ? presentId : ZERO_UUID, partitions: [] }
      results.set(topic, result)
    }
    result.partitions.push(answer(partitionIndex, committed))
  }
  return [...results.values()]
}

function answer(
  partitionIndex: number,
  committed: CommittedOffset | undefined,
  errorCode: number = ErrorCode.NONE,
) {
  return {
    partitionIndex,
    committedOffset: committed?.offset ?? -1,
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? '',
    errorCode,
  }
}

/** A topic's partitions with one error, for a version whose answer has none of its own. */
export function refusedOffsets(
  { partitionIndexes }: { partitionIndexes: readonly number[] },
  errorCode: number,
) {
  return partitionIndexes.map(partitionIndex => ({
    partitionIndex,
    committedOffset: -1,
    metadata: '',
    errorCode,
  }))
}
