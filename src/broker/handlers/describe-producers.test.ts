import { expect, test } from 'vitest'
import { createTopic, produce, startLiveBroker } from '../../../test/support/live-broker.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeProducers } from '../../protocol/messages/describe-producers.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { buildBatch } from '../../protocol/record.ts'

test('tells the idempotent producers of a partition with their last sequence', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't', { partitions: 2 })
  const { producerId } = await client.request(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  const timestamp = Date.now()
  const records = [
    { value: 'a', timestamp: timestamp - 1 },
    { value: 'b', timestamp },
  ]
  await produce(client, 't', buildBatch(records, { producerId, producerEpoch: 0, baseSequence: 0 }))
  await produce(client, 't', ['from nobody'], { partition: 1 })
  const answer = await client.request(DescribeProducers, 0, {
    topics: [{ name: 't', partitionIndexes: [0, 1] }],
  })
  expect(answer.topics).toEqual([
    {
      name: 't',
      partitions: [
        {
          partitionIndex: 0,
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          activeProducers: [
            {
              producerId,
              producerEpoch: 0,
              lastSequence: 1,
              lastTimestamp: timestamp,
              coordinatorEpoch: -1,
              currentTxnStartOffset: -1,
            },
          ],
        },
        { partitionIndex: 1, errorCode: ErrorCode.NONE, errorMessage: null, activeProducers: [] },
      ],
    },
  ])
})

test.each([
  ['t', 1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['t', -1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['nope', 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['not/valid', 0, ErrorCode.INVALID_TOPIC_EXCEPTION],
])('partition %s-%i is answered with %i', async (name, index, errorCode) => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const { topics } = await client.request(DescribeProducers, 0, {
    topics: [{ name, partitionIndexes: [index] }],
  })
  expect(topics[0]!.partitions).toMatchObject([{ partitionIndex: index, errorCode, activeProducers: [] }])
})
