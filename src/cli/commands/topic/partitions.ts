import type { KafkaClient } from '../../../client/kafka-client.ts'
import { deleteTopics, growTopics, settle, trimPartitions } from '../../../client/topics.ts'
import { KafkaError } from '../../../protocol/errors.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { InputError, kafkaText, UsageError } from '../../failure.ts'
import { parseCount, parseList } from '../../numbers.ts'
import { offsetsAt, readBounds } from '../../offset-places.ts'
import { parseOffsetRange } from '../../offset-range.ts'
import { printOutcomes } from '../../outcomes.ts'
import { printResult } from '../../results.ts'
import { tableLines } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'
import { requireTopics } from '../../topic-names.ts'

export async function addPartitions(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: ClusterOptions & { num: string },
): Promise<void> {
  const more = parseCount(options.num, '--num')
  const topics = await requireTopics(client, names)
  const counts = new Map(topics.map(({ name, partitions }) => [name, partitions.length + more]))
  const grown = await growTopics(client, counts)
  const done = grown.filter(({ error }) => !error).map(({ topic }) => topic)
  await settle(client, done, ({ name, partitions }) => partitions.length >= counts.get(name)!)
  const outcomes = grown.map(({ topic, error }) => ({ name: topic, error }))
  await printOutcomes(terminal, options, outcomes, { kind: 'topic', done: 'OK' })
}

export async function removeTopics(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: ClusterOptions & { regex?: boolean },
): Promise<void> {
  const topics = await requireTopics(client, names, { regex: options.regex })
  const removed = await deleteTopics(
    client,
    topics.map(({ name }) => name),
  )
  const done = removed.filter(({ error }) => !error).map(({ topic }) => topic)
  await settle(client, done, ({ errorCode }) => errorCode !== 0)
  const outcomes = removed.map(({ topic, error }) => ({ name: topic, error }))
  await printOutcomes(terminal, options, outcomes, { kind: 'topic', done: 'OK' })
}

export async function trimTopic(
  client: KafkaClient,
  terminal: Terminal,
  name: string,
  options: ClusterOptions & { offset: string; partitions?: string },
): Promise<void> {
  const { from, until } = parseOffsetRange(options.offset, client.clock.wall())
  if (until) throw new UsageError(`--offset ${options.offset}: must be one offset, the first that stays`)
  const [topic] = await requireTopics(client, [name])
  const numbers = topic!.partitions.map(({ partition }) => partition)
  const chosen = options.partitions === undefined ? numbers : parseList(options.partitions, '--partitions')
  const missing = chosen.find(number => !numbers.includes(number))
  if (missing !== undefined) throw new InputError(`topic ${name} has no partition ${missing}`)
  const bounds = await readBounds(
    client,
    chosen.map(partition => ({ topic: name, partition })),
  )
  const offsets = await offsetsAt(client, bounds, from)
  const trims = bounds.map(({ topic, partition }, at) => ({ topic, partition, offset: offsets[at]! }))
  const outcomes = await trimPartitions(client, trims)
  const rows = outcomes.map((outcome, at) => ({
    topic: name,
    partition: chosen[at]!,
    ...(outcome instanceof KafkaError
      ? { logStartOffset: null, error: outcome.error, message: kafkaText(outcome) }
      : { logStartOffset: outcome, error: null, message: 'OK' }),
  }))
  await printResult(terminal, options, rows, () =>
    tableLines(
      ['TOPIC', 'PARTITION', 'NEW START', 'STATUS'],
      rows.map(({ partition, logStartOffset, message }) => [name, partition, logStartOffset, message]),
    ),
  )
  if (rows.some(({ error }) => error !== null)) terminal.exit(1)
}
