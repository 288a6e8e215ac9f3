import { expect, test } from 'vitest'
import { createTopic, produce, startLiveBroker } from '../../../test/support/live-broker.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'

test.each([
  ['the end', -1, 1],
  ['the start', -2, 1],
  ['the largest timestamp', -3, 7],
  ['the local start', -4, 8],
  ['the last tiered offset', -5, 9],
  ['the earliest to be uploaded', -6, 11],
  ['a time that does not exist', -7, 12],
])(
  'tells %s (%i) from version %i on, and before it that the version does not know it',
  async (_what, timestamp, since) => {
    const { client } = await startLiveBroker()
    await createTopic(client, 'orders')
    await produce(client, 'orders', ['a'])
    for (let version = 1; version <= 11; version++) {
      const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp }] }]
      const { topics: answers } = await client.request(ListOffsets, version, { replicaId: -1, topics })
      const { errorCode } = answers[0]!.partitions[0]!
      expect([version, errorCode]).toEqual([
        version,
        version < since ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.NONE,
      ])
    }
  },
)
