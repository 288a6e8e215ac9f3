/**
 * Consumers that crash and come back, in each client. A topic is written to all the while; one of two members is
 * killed, the other takes over, the first comes back. No record may be left out, and none may come twice but those
 * behind the last commit at the moment of the change.
 */
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { connectClient, createTopic, withProducer } from '../kafkajs/client.ts'
import { brokerNode, type Endpoint } from '../support/broker.ts'
import { ensureKafkaJars, toolArguments } from '../support/kafka-jars.ts'
import { launchLines, sleep, until } from '../support/process.ts'
import { committedOffset } from '../support/requests.ts'
import { type Scene, suite } from '../support/scenario.ts'
import { Connection } from '../support/wire.ts'

const partitions = 4

interface Sighting {
  partition: number
  offset: number
  value: string
}

/** A command that runs a member, and how to read a record from a line of its output. */
interface Client {
  command(endpoint: Endpoint, group: string, topic: string): [string, string[]]
  read?(line: string): Sighting | undefined
  /** Why this client may repeat what it had committed, whatever the broker. */
  repeats?: string
}

const here = fileURLToPath(new URL('.', import.meta.url))

function readPlain(line: string): Sighting | undefined {
  const [partition, offset, value] = line.split(' ')
  return value === undefined ? undefined : { partition: Number(partition), offset: Number(offset), value }
}

function readVerifiable(line: string): Sighting | undefined {
  if (!line.includes('"record_data"')) return undefined
  const { partition, offset, value } = JSON.parse(line) as Sighting
  return { partition, offset, value }
}

const kcat = (strategy: string): Client => ({
  command: ({ bootstrap }, group, topic) => {
    const settings = [
      'auto.offset.reset=earliest',
      'auto.commit.interval.ms=100',
      'session.timeout.ms=6000',
      'heartbeat.interval.ms=300',
      `partition.assignment.strategy=${strategy}`,
    ].flatMap(setting => ['-X', setting])
    return ['kcat', ['-b', bootstrap, '-G', group, '-q', '-u', '-f', '%p %o %s\n', ...settings, topic]]
  },
})

const java = (assignor: string): Client => ({
  command: ({ bootstrap }, group, topic) => [
    'java',
    toolArguments('kafka-verifiable-consumer', [
      ...['--bootstrap-server', bootstrap, '--topic', topic, '--group-id', group, '--verbose'],
      ...['--session-timeout', '6000', '--reset-policy', 'earliest'],
      ...['--assignment-strategy', `org.apache.kafka.clients.consumer.${assignor}`],
    ]),
  ],
  read: readVerifiable,
})

const script = (file: string): Client => ({
  command: ({ bootstrap }, group, topic) => [brokerNode(), [`${here}/${file}`, bootstrap, group, topic]],
})

const clients: Record<string, Client> = {
  kafkajs: script('kafkajs-member.ts'),
  platformatic: {
    ...script('platformatic-member.ts'),
    repeats:
      'a rebalance makes it fetch again from offsets it had read before its last commits, at Kafka too',
  },
  'kcat, range': kcat('range'),
  'kcat, cooperative-sticky': kcat('cooperative-sticky'),
  'java, range': java('RangeAssignor'),
  'java, cooperative-sticky': java('CooperativeStickyAssignor'),
}

/** What all members have seen, and what of it was seen twice though it had been committed before. */
class Witness {
  readonly #seen = new Set<string>()
  readonly #values = new Set<string>()
  #committed = new Map<number, number>()
  readonly wrongRepeats: string[] = []

  note({ partition, offset, value }: Sighting, isBeforeTheChange: boolean): void {
    const place = `${partition}:${offset}`
    const isCommitted = offset < (this.#committed.get(partition) ?? 0)
    if (this.#seen.has(place) && isCommitted && !isBeforeTheChange) this.wrongRepeats.push(place)
    this.#seen.add(place)
    this.#values.add(value)
  }

  get count(): number {
    return this.#values.size
  }

  /** From now on nothing below these offsets may be seen again. */
  committed(offsets: Map<number, number>): void {
    this.#committed = offsets
  }
}

async function committedOffsets({ host, port }: Endpoint, group: string, topic: string) {
  const connection = await Connection.open(host, port)
  const offsets = new Map<number, number>()
  for (let partition = 0; partition < partitions; partition++) {
    const { offset } = await committedOffset(connection, group, { topic, partition })
    offsets.set(partition, Math.max(0, offset))
  }
  connection.close()
  return offsets
}

interface Member {
  process: { kill(signal: NodeJS.Signals): void; ended: Promise<number> }
  state: { isKilled: boolean; seen: number }
}

/** Writes `v0`, `v1`, … from `start` to `stop`, spread over the partitions. */
class Writer {
  written = 0
  readonly #client: ReturnType<typeof connectClient>
  readonly #topic: string
  #isStopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(client: ReturnType<typeof connectClient>, topic: string) {
    this.#client = client
    this.#topic = topic
  }

  start(): void {
    this.#isStopping = false
    this.#running = withProducer(this.#client, async producer => {
      while (!this.#isStopping) {
        const messages = Array.from({ length: partitions * 2 }, () => ({
          partition: this.written % partitions,
          value: `v${this.written++}`,
        }))
        await producer.send({ topic: this.#topic, messages })
        await sleep(20)
      }
    })
    this.#running.catch(() => {})
  }

  stop(): Promise<void> {
    this.#isStopping = true
    return this.#running
  }
}

async function crashAndReturn(scene: Scene, client: Client): Promise<void> {
  await ensureKafkaJars()
  const [topic, group] = [scene.name(), scene.name('group')]
  const kafkajs = connectClient(scene.bootstrap)
  await createTopic(kafkajs, topic, partitions)
  const witness = new Witness()
  const writer = new Writer(kafkajs, topic)
  const members: Member[] = []
  function join(): Member {
    const state = { isKilled: false, seen: 0 }
    const [command, args] = client.command(scene, group, topic)
    const process = launchLines(command, args, '/dev/null', line => {
      const sighting = (client.read ?? readPlain)(line)
      if (!sighting) return
      witness.note(sighting, state.isKilled)
      state.seen++
    })
    const member = { process, state }
    members.push(member)
    return member
  }
  try {
    writer.start()
    const first = join()
    const second = join()
    await until('both members to read', () => first.state.seen > 20 && second.state.seen > 20, 60_000)

    first.state.isKilled = true
    first.process.kill('SIGKILL')
    await first.process.ended
    witness.committed(await committedOffsets(scene, group, topic))
    await sleep(1_000)
    await writer.stop()
    await until('the second member to read all', () => witness.count === writer.written, 40_000)

    witness.committed(await committedOffsets(scene, group, topic))
    writer.start()
    const returned = join()
    await until('the member that came back to read', () => returned.state.seen > 20, 40_000)
    await writer.stop()
    await until('all records', () => witness.count === writer.written, 40_000)
    if (!client.repeats)
      expect(witness.wrongRepeats, 'records read again though they had been committed').toEqual([])
  } finally {
    await writer.stop().catch(() => {})
    for (const { process } of members) process.kill('SIGKILL')
  }
}

suite('groups', scenario => {
  for (const [name, client] of Object.entries(clients))
    scenario(
      `a crashed member of ${name} loses nothing and repeats only what it had not committed`,
      scene => crashAndReturn(scene, client),
      { timeoutMs: 150_000 },
    )
})
