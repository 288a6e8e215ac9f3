/**
 * AddPartitionsToTxn: enters partitions into a transaction.
 *
 * Up to v3 sent by producers, for one transaction; v4 by brokers, for several, also only to verify; v5 transactions v2.
 */
import {
  api,
  arrayOf,
  bool,
  int16,
  int32,
  int64,
  type RequestOf,
  type ResponseOf,
  string,
} from '../schema.ts'

const addPartitionsToTxnTopic = {
  name: string,
  partitions: arrayOf(int32),
}

const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: arrayOf({ partitionIndex: int32, partitionErrorCode: int16 }),
}

export const AddPartitionsToTxn = api(24, 'AddPartitionsToTxn', {
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    transactions: arrayOf({
      transactionalId: string,
      producerId: int64,
      producerEpoch: int16,
      verifyOnly: bool.default(false),
      topics: arrayOf(addPartitionsToTxnTopic),
    })
      .since(4)
      .default([]),
    v3AndBelowTransactionalId: string.until(3).default(''),
    v3AndBelowProducerId: int64.until(3).default(0),
    v3AndBelowProducerEpoch: int16.until(3).default(0),
    v3AndBelowTopics: arrayOf(addPartitionsToTxnTopic).until(3).default([]),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(4).default(0),
    resultsByTransaction: arrayOf({
      transactionalId: string,
      topicResults: arrayOf(addPartitionsToTxnTopicResult),
    })
      .since(4)
      .default([]),
    resultsByTopicV3AndBelow: arrayOf(addPartitionsToTxnTopicResult).until(3).default([]),
  },
})

export type AddPartitionsToTxnTransaction = RequestOf<typeof AddPartitionsToTxn>['transactions'][number]
export type AddPartitionsToTxnTopic = RequestOf<typeof AddPartitionsToTxn>['v3AndBelowTopics'][number]
export type AddPartitionsToTxnTopicResult = NonNullable<
  ResponseOf<typeof AddPartitionsToTxn>['resultsByTopicV3AndBelow']
>[number]
