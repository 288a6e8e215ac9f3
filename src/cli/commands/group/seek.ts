import { readWhole } from '../../../base/disk.ts'
import { NodeDisk } from '../../../base/node/node-disk.ts'
import { commitOffsets, fetchCommitted, type PartitionOffset } from '../../../client/group-offsets.ts'
import type { KafkaClient } from '../../../client/kafka-client.ts'
import { inOrder, keyOf, type TopicPartition } from '../../../client/topic-partition.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { InputError, UsageError } from '../../failure.ts'
import { findGroup, unknownGroup } from '../../group-names.ts'
import { offsetsAt, readBounds } from '../../offset-places.ts'
import { type OffsetPlace, parseOffsetRange } from '../../offset-range.ts'
import { printResult } from '../../results.ts'
import { parseSeekList } from '../../seek-list.ts'
import { tableLines } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'
import { requireTopics } from '../../topic-names.ts'

interface SeekOptions extends ClusterOptions {
  to?: string
  toGroup?: string
  toFile?: string
  topics?: string
  dry?: boolean
}

export async function seekGroup(
  client: KafkaClient,
  terminal: Terminal,
  name: string,
  options: SeekOptions,
): Promise<void> {
  const place = placeFrom(options, client.clock.wall())
  const group = await findGroup(client, name)
  const count = group?.members.length ?? 0
  if (count > 0)
    throw new InputError(
      `group ${name} has ${count} ${count === 1 ? 'member' : 'members'}: stop them first, they would commit over it`,
    )
  const before = group ? await fetchCommitted(client, name) : []
  if (!group && options.topics === undefined && place) return unknownGroup(client, name)
  const wanted = place
    ? await offsetsOf(client, await partitionsFrom(client, name, options, before), place)
    : await offsetsFrom(client, options)
  const offsets = inOrder(await withinBounds(client, terminal, onlyTopics(wanted, options)))
  if (!options.dry) await commitOffsets(client, name, offsets)
  await printMoves(terminal, options, before, offsets)
}

/** Undefined when the offsets come from a file or a group. */
function placeFrom({ to, toGroup, toFile }: SeekOptions, nowMs: number): OffsetPlace | undefined {
  if ([to, toGroup, toFile].filter(one => one !== undefined).length !== 1)
    throw new UsageError('group seek needs one of --to, --to-group and --to-file')
  if (to === undefined) return undefined
  const { from, until } = parseOffsetRange(to, nowMs)
  if (until) throw new UsageError(`--to ${to}: must be one offset`)
  return from
}

async function partitionsFrom(
  client: KafkaClient,
  name: string,
  { topics }: SeekOptions,
  committed: readonly PartitionOffset[],
): Promise<readonly TopicPartition[]> {
  if (topics === undefined) {
    if (committed.length > 0) return committed
    throw new InputError(`group ${name} has no offsets: say which topics it is to read with --topics`)
  }
  const views = await requireTopics(client, topics.split(','))
  return views.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  )
}

async function offsetsOf(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  place: OffsetPlace,
): Promise<PartitionOffset[]> {
  const bounds = await readBounds(client, partitions)
  const offsets = await offsetsAt(client, bounds, place)
  return bounds.map(({ topic, partition }, at) => ({ topic, partition, offset: offsets[at]! }))
}

async function offsetsFrom(
  client: KafkaClient,
  { toGroup, toFile }: SeekOptions,
): Promise<PartitionOffset[]> {
  if (toFile !== undefined) {
    const text = (await readWhole(new NodeDisk(), toFile)).toString('utf8')
    const offsets = parseSeekList(text, toFile)
    await requireTopics(
      client,
      offsets.map(({ topic }) => topic),
    )
    return offsets
  }
  const offsets = await fetchCommitted(client, toGroup!)
  return offsets.length > 0 ? offsets : unknownGroup(client, toGroup!)
}

function onlyTopics(offsets: readonly PartitionOffset[], { topics }: SeekOptions): PartitionOffset[] {
  const names = topics?.split(',')
  return offsets.filter(({ topic }) => names === undefined || names.includes(topic))
}

/** An offset outside of what there is would send the readers to wherever they begin by themselves. */
async function withinBounds(
  client: KafkaClient,
  terminal: Terminal,
  offsets: readonly PartitionOffset[],
): Promise<PartitionOffset[]> {
  const bounds = await readBounds(client, offsets)
  return offsets.map(({ topic, partition, offset }, at) => {
    const { start, end } = bounds[at]!
    const inside = Math.min(Math.max(offset, start), end)
    if (inside !== offset)
      terminal.note(`${topic}-${partition} has offsets ${start} to ${end}: ${inside} in place of ${offset}`)
    return { topic, partition, offset: inside }
  })
}

async function printMoves(
  terminal: Terminal,
  options: SeekOptions,
  before: readonly PartitionOffset[],
  offsets: readonly PartitionOffset[],
): Promise<void> {
  const prior = new Map(before.map(one => [keyOf(one), one.offset]))
  const moves = offsets.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    priorOffset: prior.get(keyOf({ topic, partition })) ?? null,
    offset,
  }))
  await printResult(terminal, options, moves, () =>
    tableLines(
      ['TOPIC', 'PARTITION', 'PRIOR', options.dry ? 'WOULD BE' : 'NOW'],
      moves.map(({ topic, partition, priorOffset, offset }) => [topic, partition, priorOffset, offset]),
    ),
  )
}
