/**
 * An idempotent producer that outlives its broker. It writes numbered records to one partition with up to five
 * batches in flight, notes each acknowledgement in the ledger, and after a lost connection sends every
 * unacknowledged batch again, in order and with its old sequence number. So whatever the broker did with the first
 * copy, the log must hold each number once: anything else is the broker's fault.
 */
import type { Endpoint } from '../../compat-tests/support/broker.ts'
import { sleep } from '../../compat-tests/support/process.ts'
import { initProducerId, produce, type TopicPartition } from '../../compat-tests/support/requests.ts'
import { Connection, type ProducerIdentity, recordBatch } from '../../compat-tests/support/wire.ts'
import type { Ledger } from './ledger.ts'

const maxInFlight = 5
const duplicateSequence = 46
/** The broker has lost or mixed up what it knew of the producer: 45 out of order, 47 epoch, 59 unknown producer. */
const sequenceErrors = new Set([45, 47, 59])
const invalidErrors = new Set([2, 10, 87])

interface Batch {
  first: number
  count: number
  bytes: Buffer
}

export interface Load {
  recordsPerBatch: number
  valueBytes: number
  pauseMs: number
}

export class NumberedProducer {
  /** What the broker did that no crash excuses. */
  readonly problems: string[] = []
  readonly #endpoint: Endpoint
  readonly #target: TopicPartition
  readonly #ledger: Ledger
  readonly #load: Load
  #identity: ProducerIdentity | undefined
  #next = 0
  #unacknowledged: Batch[] = []
  #isStopping = false
  #connection: Connection | undefined
  #running: Promise<void> | undefined

  constructor(endpoint: Endpoint, target: TopicPartition, ledger: Ledger, load: Load) {
    this.#endpoint = endpoint
    this.#target = target
    this.#ledger = ledger
    this.#load = load
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Sends no new batch, and resolves when the ones under way are acknowledged. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  /** Gives up what is under way. */
  abandon(): void {
    this.#isStopping = true
    this.#unacknowledged = []
    this.#connection?.close()
  }

  async #run(): Promise<void> {
    while (this.problems.length === 0 && !(this.#isStopping && this.#unacknowledged.length === 0)) {
      await this.#runConnection().catch(() => sleep(20))
    }
  }

  async #runConnection(): Promise<void> {
    const connection = await Connection.open(this.#endpoint.host, this.#endpoint.port)
    this.#connection = connection
    try {
      this.#identity ??= await this.#identify(connection)
      const sent: { batch: Batch; answer: ReturnType<typeof produce> }[] = []
      const send = (batch: Batch) => {
        const answer = produce(connection, this.#target, batch.bytes)
        answer.catch(() => {})
        sent.push({ batch, answer })
      }
      for (const batch of this.#unacknowledged) send(batch)
      for (;;) {
        while (!this.#isStopping && sent.length < maxInFlight) {
          const batch = this.#nextBatch(this.#identity)
          this.#unacknowledged.push(batch)
          send(batch)
        }
        const oldest = sent.shift()
        if (!oldest) return
        if (!this.#settle(oldest.batch, await oldest.answer)) return
        await sleep(this.#load.pauseMs)
      }
    } finally {
      connection.close()
    }
  }

  async #identify(connection: Connection): Promise<ProducerIdentity> {
    const { errorCode, ...identity } = await initProducerId(connection)
    if (errorCode !== 0) throw new Error(`InitProducerId answered ${errorCode}`)
    return identity
  }

  #nextBatch(identity: ProducerIdentity): Batch {
    const first = this.#next
    const count = this.#load.recordsPerBatch
    this.#next += count
    const padding = '.'.repeat(this.#load.valueBytes)
    const records = Array.from({ length: count }, (_, index) => ({
      value: Buffer.from(`${first + index} ${padding}`),
    }))
    return { first, count, bytes: recordBatch(records, { ...identity, baseSequence: first }) }
  }

  /** Whether the connection may go on. An error of the oldest batch means that all behind it come again. */
  #settle(batch: Batch, { errorCode, baseOffset }: { errorCode: number; baseOffset: number }): boolean {
    if (errorCode === 0 || errorCode === duplicateSequence) {
      this.#ledger.acknowledge(
        batch.first,
        batch.count,
        errorCode === 0 && baseOffset >= 0 ? baseOffset : undefined,
      )
      this.#unacknowledged.shift()
      return true
    }
    if (sequenceErrors.has(errorCode) || invalidErrors.has(errorCode)) {
      const { partition } = this.#target
      this.problems.push(`partition ${partition}: error ${errorCode} for the batch of number ${batch.first}`)
    }
    return false
  }
}

export const numberIn = (value: Buffer | null): number =>
  Number.parseInt(value?.toString('latin1', 0, 16) ?? '', 10)
