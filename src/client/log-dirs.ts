/** What partitions take on the disks of their brokers. */
import { DescribeLogDirs } from '../protocol/messages/describe-log-dirs.ts'
import { requireSuccess } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'
import { keyOf } from './topic-partition.ts'

/**
 * The bytes of each partition's replica on its leader, by `keyOf`. A partition is missing where its broker does not tell.
 */
export async function partitionSizes(
  client: KafkaClient,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for (const [leader, led] of leadersOf(client, topics)) {
    const connection = await client.toBroker(leader)
    if (!connection.supports(DescribeLogDirs)) continue
    const answer = await connection.request(DescribeLogDirs, {
      topics: [...led].map(([topic, partitions]) => ({ topic, partitions })),
    })
    requireSuccess(answer.errorCode)
    for (const directory of answer.results)
      for (const { name, partitions } of directory.topics)
        for (const { partitionIndex, partitionSize, isFutureKey } of partitions)
          if (!isFutureKey) sizes.set(keyOf({ topic: name, partition: partitionIndex }), partitionSize)
  }
  return sizes
}

function leadersOf(client: KafkaClient, topics: readonly string[]): Map<number, Map<string, number[]>> {
  const leaders = new Map<number, Map<string, number[]>>()
  for (const topic of topics)
    for (const { partition, leader } of client.view.topics.get(topic)?.partitions ?? []) {
      if (leader < 0) continue
      const led = leaders.get(leader) ?? new Map<string, number[]>()
      leaders.set(leader, led)
      led.set(topic, [...(led.get(topic) ?? []), partition])
    }
  return leaders
}
