/**
 * The load that a broker is crashed under, and the judgement afterwards: idempotent producers of small and of large
 * batches, and consumer groups that follow them. It goes on through every crash, as applications would.
 */
import type { Endpoint } from '../../compat-tests/support/broker.ts'
import { sleep, until } from '../../compat-tests/support/process.ts'
import { createTopic, fetch, listOffset, type TopicPartition } from '../../compat-tests/support/requests.ts'
import { Connection, readBatches } from '../../compat-tests/support/wire.ts'
import { GroupMember } from './group-member.ts'
import { Ledger } from './ledger.ts'
import { type Load, NumberedProducer, numberIn } from './numbered-producer.ts'

const topic = 'numbers'
/** Small segments, so that crashes meet rolls, snapshots and indexes. */
const topicSettings = { 'segment.bytes': '1048576', 'segment.index.bytes': '10240' }

const small: Load = { recordsPerBatch: 3, valueBytes: 100, pauseMs: 1 }
const single: Load = { recordsPerBatch: 1, valueBytes: 10, pauseMs: 0 }
/** Above the size from which a batch is written to its log directly instead of through the journal. */
const large: Load = { recordsPerBatch: 200, valueBytes: 1_000, pauseMs: 60 }
const loads = [small, small, single, large]

export class Workload {
  readonly ledgers = loads.map((_, partition) => new Ledger(partition))
  readonly #endpoint: Endpoint
  readonly #producers: NumberedProducer[]
  readonly #members: GroupMember[]

  private constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
    this.#producers = loads.map(
      (load, partition) =>
        new NumberedProducer(endpoint, { topic, partition }, this.ledgers[partition]!, load),
    )
    const [first, second, third, fourth] = this.ledgers
    this.#members = [
      new GroupMember(endpoint, 'followers-a', topic, [first!, fourth!]),
      new GroupMember(endpoint, 'followers-b', topic, [second!, third!]),
    ]
  }

  static async start(endpoint: Endpoint): Promise<Workload> {
    const connection = await Connection.open(endpoint.host, endpoint.port)
    const created = await createTopic(connection, topic, loads.length, topicSettings)
    if (created !== 0) throw new Error(`CreateTopics answered ${created}`)
    connection.close()
    const workload = new Workload(endpoint)
    for (const actor of [...workload.#producers, ...workload.#members]) actor.start()
    return workload
  }

  get acknowledged(): number {
    return this.ledgers.reduce((sum, ledger) => sum + ledger.acknowledged + 1, 0)
  }

  get commits(): number {
    return this.#members.reduce((sum, member) => sum + member.commits, 0)
  }

  get problems(): string[] {
    return [...this.#producers, ...this.#members].flatMap(({ problems }) => problems)
  }

  /** Waits until every producer and group has made progress again: a crash must not leave one of them stuck. */
  async progress(timeoutMs = 30_000): Promise<void> {
    const acknowledged = this.ledgers.map(ledger => ledger.acknowledged)
    const commits = this.#members.map(member => member.commits)
    const hasMoved = () =>
      this.problems.length > 0 ||
      (this.ledgers.every((ledger, index) => ledger.acknowledged > acknowledged[index]!) &&
        this.#members.every((member, index) => member.commits > commits[index]!))
    await until('progress of every producer and group', hasMoved, timeoutMs)
  }

  /** To be called while the broker is down: nothing that anybody was told of until now may be missing afterwards. */
  demand(): void {
    for (const ledger of this.ledgers) ledger.demand()
  }

  /** Reads what the logs hold beyond the last check, to the end they had when it began; gives what is wrong. */
  async check(): Promise<string[]> {
    const connection = await Connection.open(this.#endpoint.host, this.#endpoint.port)
    const problems = [...this.problems]
    for (const ledger of this.ledgers)
      problems.push(...(await this.#checkPartition(connection, ledger)), ...ledger.finish())
    connection.close()
    return problems
  }

  async #checkPartition(connection: Connection, ledger: Ledger): Promise<string[]> {
    const target = { topic, partition: ledger.partition }
    const problems: string[] = []
    const end = await endOffset(connection, target)
    while (ledger.nextOffset < end) {
      const { errorCode, bytes } = await fetch(connection, target, ledger.nextOffset)
      if (errorCode !== 0) return [...problems, `partition ${ledger.partition}: Fetch answered ${errorCode}`]
      const fresh = readBatches(bytes).filter(({ offset }) => offset >= ledger.nextOffset && offset < end)
      if (fresh.length === 0)
        return [...problems, `partition ${ledger.partition}: nothing at ${ledger.nextOffset}`]
      problems.push(...ledger.take(fresh.map(({ offset, value }) => ({ offset, number: numberIn(value) }))))
    }
    return problems
  }

  /** Lets everything under way be acknowledged, then reads every log from its start. */
  async finish(): Promise<string[]> {
    await this.stop()
    for (const ledger of this.ledgers) ledger.rewind()
    this.demand()
    return this.check()
  }

  /** Ends the load whatever state it is in; the broker may be gone for good. */
  async abandon(): Promise<void> {
    for (const actor of [...this.#producers, ...this.#members]) actor.abandon()
    await this.stop()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#producers, ...this.#members].map(actor => actor.stop()))
  }
}

async function endOffset(connection: Connection, target: TopicPartition): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    const { errorCode, offset } = await listOffset(connection, target, -1)
    if (errorCode === 0) return offset
    if (attempt === 100)
      throw new Error(`ListOffsets answered ${errorCode} for partition ${target.partition}`)
    await sleep(100)
  }
}
