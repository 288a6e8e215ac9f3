import { ErrorCode } from '../../protocol/errors.ts'
import type {
  OffsetFetchGroup,
  OffsetFetchGroupResult,
  OffsetFetchTopicResult,
} from '../../protocol/messages/offset-fetch.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import type { GroupStore } from './group-store.ts'
import type { TopicDirectory } from './offset-commit.ts'
import type { CommittedOffset } from './record-codec.ts'

/** A group's committed offsets, as OffsetFetch shows them: −1 where there is none. Reads committed state only. */
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
    const partitions = partitionIndexes.map(async partitionIndex => {
      if (wanted === undefined) return answer(partitionIndex, undefined, ErrorCode.UNKNOWN_TOPIC_ID)
      return answer(partitionIndex, await store.find(groupId, wanted, partitionIndex))
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
    let result = results.get(topic)
    if (result === undefined) {
      const topicId = byId ? topics.findTopic(topic)?.topicId : ZERO_UUID
      // A topic that is gone has no id any more by which a client could be told.
      if (topicId === undefined) continue
      result = { name: topic, topicId, partitions: [] }
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
