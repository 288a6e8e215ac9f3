/**
 * A consumer group of one member that outlives its broker: it joins, reads its partitions, commits as it goes, and
 * comes back after each crash. It notes which commits were acknowledged; after a crash the group must stand at the
 * last acknowledged commit of each partition, or at a later one that was on its way.
 */
import type { Endpoint } from '../../compat-tests/support/broker.ts'
import { sleep } from '../../compat-tests/support/process.ts'
import { apiKey, committedOffset, fetch, findCoordinator } from '../../compat-tests/support/requests.ts'
import { Connection, readBatches, Writer } from '../../compat-tests/support/wire.ts'
import type { Ledger } from './ledger.ts'
import { numberIn } from './numbered-producer.ts'

interface Membership {
  generation: number
  memberId: string
}

interface Progress {
  ledger: Ledger
  /** The next offset to read; undefined until the group's own offset has been asked for. */
  position: number | undefined
  tried: number
  acknowledged: number
}

export class GroupMember {
  readonly problems: string[] = []
  readonly group: string
  readonly #endpoint: Endpoint
  readonly #topic: string
  readonly #progress: Progress[]
  #membership: Membership | undefined
  #isStopping = false
  #connection: Connection | undefined
  #running: Promise<void> | undefined
  #commits = 0

  constructor(endpoint: Endpoint, group: string, topic: string, ledgers: readonly Ledger[]) {
    this.group = group
    this.#endpoint = endpoint
    this.#topic = topic
    this.#progress = ledgers.map(ledger => ({ ledger, position: undefined, tried: 0, acknowledged: 0 }))
  }

  get commits(): number {
    return this.#commits
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  /** Gives up what is under way. */
  abandon(): void {
    this.#isStopping = true
    this.#connection?.close()
  }

  async #run(): Promise<void> {
    while (!this.#isStopping && this.problems.length === 0) {
      await this.#runConnection().catch(() => sleep(20))
    }
  }

  async #runConnection(): Promise<void> {
    const connection = await Connection.open(this.#endpoint.host, this.#endpoint.port)
    this.#connection = connection
    try {
      if ((await findCoordinator(connection, this.group)) !== 0) throw new Error('no coordinator')
      this.#membership = await this.#join(connection)
      for (const progress of this.#progress) await this.#resume(connection, progress)
      while (!this.#isStopping) {
        for (const progress of this.#progress) await this.#readAndCommit(connection, progress)
        await sleep(5)
      }
    } finally {
      connection.close()
    }
  }

  /** Goes on from the committed offset, which is checked by that: a group that fell back would be seen here. */
  async #resume(connection: Connection, progress: Progress): Promise<void> {
    const { partition } = progress.ledger
    const { errorCode, offset } = await committedOffset(connection, this.group, {
      topic: this.#topic,
      partition,
    })
    if (errorCode !== 0) throw new Error(`OffsetFetch answered ${errorCode}`)
    const committed = Math.max(0, offset)
    if (committed < progress.acknowledged || committed > progress.tried)
      this.problems.push(
        `${this.group}: partition ${partition} stands at ${committed}, ` +
          `acknowledged was ${progress.acknowledged}, last tried ${progress.tried}`,
      )
    progress.position = committed
    progress.acknowledged = committed
  }

  async #readAndCommit(connection: Connection, progress: Progress): Promise<void> {
    const target = { topic: this.#topic, partition: progress.ledger.partition }
    const { errorCode, bytes } = await fetch(connection, target, progress.position!)
    if (errorCode !== 0) throw new Error(`Fetch answered ${errorCode}`)
    const fresh = readBatches(bytes).filter(({ offset }) => offset >= progress.position!)
    const last = fresh.at(-1)
    if (!last) return
    progress.ledger.show(numberIn(last.value))
    progress.position = last.offset + 1
    progress.tried = Math.max(progress.tried, progress.position)
    const refusal = await this.#commit(connection, target.partition, progress.position)
    if (refusal !== 0) throw new Error(`OffsetCommit answered ${refusal}`)
    progress.acknowledged = progress.position
    this.#commits++
  }

  async #commit(connection: Connection, partition: number, offset: number): Promise<number> {
    const { generation, memberId } = this.#membership!
    const body = new Writer().string(this.group).int32(generation).string(memberId).int64(-1)
    body.int32(1).string(this.#topic).int32(1).int32(partition).int64(offset).string('')
    const answer = await connection.request(apiKey.offsetCommit, 2, body.done())
    answer.int32()
    answer.string()
    answer.int32()
    answer.int32()
    return answer.int16()
  }

  /** Joins with the member id it had, as clients do; a broker that has forgotten it gives a new one. */
  async #join(connection: Connection): Promise<Membership> {
    for (let memberId = this.#membership?.memberId ?? ''; ; ) {
      const body = new Writer().string(this.group).int32(6_000).int32(6_000).string(memberId)
      body.string('consumer').int32(1).string('range').bytes(Buffer.alloc(0))
      const answer = await connection.request(apiKey.joinGroup, 1, body.done())
      const errorCode = answer.int16()
      const generation = answer.int32()
      answer.string()
      answer.string()
      const given = answer.string()!
      if (errorCode === 25) {
        memberId = ''
        continue
      }
      if (errorCode !== 0) throw new Error(`JoinGroup answered ${errorCode}`)
      const sync = new Writer().string(this.group).int32(generation).string(given)
      sync
        .int32(1)
        .string(given)
        .bytes(Buffer.from([0]))
      const synced = (await connection.request(apiKey.syncGroup, 0, sync.done())).int16()
      if (synced !== 0) throw new Error(`SyncGroup answered ${synced}`)
      return { generation, memberId: given }
    }
  }
}
