import { expect, test } from 'vitest'
import { createTopic, startLiveBroker } from '../../../test/support/live-broker.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { AlterPartitionReassignments } from '../../protocol/messages/alter-partition-reassignments.ts'
import { ListPartitionReassignments } from '../../protocol/messages/list-partition-reassignments.ts'

test.each<[string, number, number[] | null, number]>([
  ['t', 0, [1], ErrorCode.NONE],
  ['t', 0, [2], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ['t', 0, [1, 2], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ['t', 0, [1, 1], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ['t', 0, [], ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ['t', 0, null, ErrorCode.NO_REASSIGNMENT_IN_PROGRESS],
  ['t', 1, [1], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['t', 1, null, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['nope', 0, [1], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
])('moving %s-%i to %j is answered with %i', async (name, partitionIndex, replicas, errorCode) => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  for (const version of [0, 1]) {
    const answer = await client.request(AlterPartitionReassignments, version, {
      allowReplicationFactorChange: version === 0,
      topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
    })
    expect(answer).toMatchObject({
      errorCode: ErrorCode.NONE,
      allowReplicationFactorChange: version === 0,
      responses: [{ name, partitions: [{ partitionIndex, errorCode }] }],
    })
  }
})

test('no move is ever under way', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  for (const topics of [
    null,
    [],
    [{ name: 't', partitionIndexes: [0] }],
    [{ name: 'nope', partitionIndexes: [3] }],
  ]) {
    const answer = await client.request(ListPartitionReassignments, 0, { topics })
    expect(answer).toMatchObject({ errorCode: ErrorCode.NONE, errorMessage: null, topics: [] })
  }
})
