import { expect, test } from 'vitest'
import { createTopic, startLiveBroker } from '../../../test/support/live-broker.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ElectLeaders } from '../../protocol/messages/elect-leaders.ts'

const { NONE, ELECTION_NOT_NEEDED, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST } = ErrorCode

test.each([0, 1, 2])('in version %i no partition needs an election', async version => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't', { partitions: 2 })
  for (const electionType of version === 0 ? [0] : [0, 1]) {
    const answer = await client.request(ElectLeaders, version, {
      electionType,
      topicPartitions: [
        { topic: 't', partitions: [0, 1, 2] },
        { topic: 'nope', partitions: [0] },
      ],
    })
    expect(answer.errorCode).toBe(NONE)
    const codes = answer.replicaElectionResults.map(({ topic, partitionResult }) => [
      topic,
      partitionResult.map(one => one.errorCode),
    ])
    expect(codes).toEqual([
      ['t', [ELECTION_NOT_NEEDED, ELECTION_NOT_NEEDED, UNKNOWN_TOPIC_OR_PARTITION]],
      ['nope', [UNKNOWN_TOPIC_OR_PARTITION]],
    ])
  }
})

test('of all partitions those that need no election are not listed', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const answer = await client.request(ElectLeaders, 2, { topicPartitions: null })
  expect(answer.errorCode).toBe(NONE)
  expect(answer.replicaElectionResults).toEqual([{ topic: 't', partitionResult: [] }])
})

test('an unknown type of election is refused as a whole', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const answer = await client.request(ElectLeaders, 2, {
    electionType: 7,
    topicPartitions: [{ topic: 't', partitions: [0] }],
  })
  expect(answer.errorCode).toBe(INVALID_REQUEST)
  expect(answer.replicaElectionResults[0]!.partitionResult).toEqual([
    { partitionId: 0, errorCode: INVALID_REQUEST, errorMessage: 'Unknown election type 7' },
  ])
})
