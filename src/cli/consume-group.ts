/**
 * `loggerhead consume --group`: reads what the group assigns, commits what was printed, once a second and whenever the assignment
 * changes, and leaves the group at the end.
 *
 * Where the group has committed nothing it begins at the offset that was given.
 */
import type { AssignorName } from '../client/assignors.ts'
import { GroupMember } from '../client/group-member.ts'
import { fetchCommitted, type PartitionOffset } from '../client/group-offsets.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { Reader, type ReadPosition } from '../client/reader.ts'
import { keyOf, type TopicPartition } from '../client/topic-partition.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { Consumption } from './consume-partitions.ts'
import { readPositions } from './offset-places.ts'
import { RecordPrinter } from './record-printer.ts'
import type { Terminal } from './terminal.ts'
import { requireTopics } from './topic-names.ts'

export interface GroupConsumption extends Consumption {
  readonly group: string
  readonly assignor: AssignorName
}

const COMMIT_EVERY_MS = 1_000

/** Errors of a commit that came too late: others have the partitions now and read again what was printed since the last commit. */
const overtaken = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'])

export async function consumeAsMember(
  client: KafkaClient,
  terminal: Terminal,
  consumption: GroupConsumption,
): Promise<void> {
  const { topics, regex, group, assignor } = consumption
  const views = await requireTopics(client, topics, { regex })
  const session = new GroupSession(client, terminal, consumption)
  const member = new GroupMember(client, {
    group,
    topics: views.map(({ name }) => name),
    assignor,
    rebalancing: () => session.interruptReading(),
  })
  const takeBack = terminal.onInterrupt(() => session.end())
  try {
    while (!session.isOver) await session.read(member, await member.join())
  } finally {
    takeBack()
    session.close()
    await member.leave()
  }
}

class GroupSession {
  readonly #client: KafkaClient
  readonly #terminal: Terminal
  readonly #consumption: GroupConsumption
  readonly #printer: RecordPrinter
  readonly #uncommitted = new Map<string, PartitionOffset>()
  #reader: Reader | undefined
  #isOver = false
  #isRebalancing = false

  constructor(client: KafkaClient, terminal: Terminal, consumption: GroupConsumption) {
    this.#client = client
    this.#terminal = terminal
    this.#consumption = consumption
    this.#printer = new RecordPrinter(terminal, client.clock, consumption)
  }

  /** Nothing more is to be read, whatever the group says. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Reads one assignment, until it ends or is taken away. */
  async read(member: GroupMember, assigned: readonly TopicPartition[]): Promise<void> {
    this.#isRebalancing = false
    const positions = await this.#positionsOf(assigned)
    if (this.#isOver) return
    // Without partitions of its own a member that follows waits for its turn.
    if (positions.length === 0 && this.#consumption.follow) await this.#idle()
    else await this.#print(member, positions)
    await this.#commit(member)
    if (!this.#isRebalancing) this.#isOver = true
  }

  /** The group rebalances: what is assigned now may belong to somebody else in a moment. */
  interruptReading(): void {
    this.#isRebalancing = true
    this.#reader?.stop()
    this.#wake()
  }

  end(): void {
    this.#isOver = true
    this.#reader?.stop()
    this.#wake()
  }

  close(): void {
    this.#printer.end()
  }

  #wake = () => {}

  async #idle(): Promise<void> {
    if (this.#isRebalancing) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
  }

  async #print(member: GroupMember, positions: readonly ReadPosition[]): Promise<void> {
    this.#reader = new Reader(this.#client, positions, this.#consumption.reading)
    // The group may have begun to rebalance while the positions were looked up.
    if (this.#isRebalancing || this.#isOver) return
    let commitAt = this.#client.clock.mono() + COMMIT_EVERY_MS
    for await (const batch of this.#reader.batches()) {
      const { topic, partition } = batch
      const offset = await this.#printer.print(batch)
      this.#uncommitted.set(keyOf(batch), { topic, partition, offset })
      if (this.#printer.isDone) this.#isOver = true
      if (this.#isOver) return
      if (this.#client.clock.mono() < commitAt) continue
      await this.#commit(member)
      commitAt = this.#client.clock.mono() + COMMIT_EVERY_MS
    }
  }

  async #commit(member: GroupMember): Promise<void> {
    const offsets = [...this.#uncommitted.values()]
    this.#uncommitted.clear()
    try {
      await member.commit(offsets)
    } catch (error) {
      if (!(error instanceof KafkaError) || !overtaken.has(error.error)) throw error
      this.#terminal.note(`${offsets.length} offsets could not be committed: the group has rebalanced`)
      this.interruptReading()
    }
  }

  async #positionsOf(assigned: readonly TopicPartition[]): Promise<ReadPosition[]> {
    if (assigned.length === 0) return []
    const { group, range, follow, reading } = this.#consumption
    const committed = await fetchCommitted(this.#client, group)
    const offsets = new Map(committed.map(one => [keyOf(one), one.offset]))
    const isolation = reading.isolation ?? 'read-uncommitted'
    const positions = await readPositions(this.#client, assigned, range, { follow, isolation })
    return positions.map(position => ({
      ...position,
      offset: offsets.get(keyOf(position)) ?? position.offset,
    }))
  }
}
