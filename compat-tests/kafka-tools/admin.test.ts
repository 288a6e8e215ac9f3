/** Kafka's tools for the cluster itself: where replicas are, who leads them, what they may do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrokerKind, startBroker } from '../support/broker.ts'
import { suite } from '../support/scenario.ts'
import { type Answer, tool } from './tool.ts'

const timeoutMs = 120_000

/** Writes what a tool wants in a file, and runs it with the file's path. */
async function withFile<T>(content: unknown, run: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'loggerhead-compat-'))
  try {
    const path = join(folder, 'input.json')
    await writeFile(path, JSON.stringify(content))
    return await run(path)
  } finally {
    await rm(folder, { recursive: true })
  }
}

interface LogDirectories {
  brokers: {
    broker: number
    logDirs: {
      logDir: string
      error: string | null
      partitions: { partition: string; size: number; offsetLag: number; isFuture: boolean }[]
    }[]
  }[]
}

async function logDirectories(bootstrap: string, topic: string): Promise<LogDirectories> {
  const { rows } = await tool('kafka-log-dirs', bootstrap, ['--describe', '--topic-list', topic])
  return JSON.parse(rows.find(([word]) => word!.startsWith('{'))!.join(' ')) as LogDirectories
}

const create = (bootstrap: string, topic: string, partitions: number) =>
  tool('kafka-topics', bootstrap, ['--create', '--topic', topic, '--partitions', String(partitions)])

const assignmentOf = (topic: string, replicas: readonly number[], logDirs?: readonly string[]) => ({
  version: 1,
  partitions: [{ topic, partition: 0, replicas, ...(logDirs && { log_dirs: logDirs }) }],
})

suite('kafka-tools for admins', scenario => {
  scenario(
    'kafka-log-dirs shows where partitions are',
    async ({ bootstrap, name }) => {
      await create(bootstrap, name(), 2)
      await tool('kafka-console-producer', bootstrap, ['--topic', name()], 'a\nb\n')
      const { brokers } = await logDirectories(bootstrap, name())
      return brokers.map(({ broker, logDirs }) => ({
        broker,
        logDirs: logDirs.map(({ logDir, error, partitions }) => ({
          isAbsolute: logDir.startsWith('/'),
          error,
          isFilled: partitions.some(({ size }) => size > 0),
          partitions: partitions
            .map(({ partition, offsetLag, isFuture }) => ({ partition, offsetLag, isFuture }))
            .sort((a, b) => (a.partition < b.partition ? -1 : 1)),
        })),
      }))
    },
    { timeoutMs },
  )

  scenario(
    'kafka-reassign-partitions tells what one broker can do',
    async ({ bootstrap, name }) => {
      await create(bootstrap, name(), 1)
      const reassign = (...args: string[]) => tool('kafka-reassign-partitions', bootstrap, args)
      const topics = { version: 1, topics: [{ topic: name() }] }
      const generated = await withFile(topics, path =>
        reassign('--generate', '--topics-to-move-json-file', path, '--broker-list', '1'),
      )
      return await withFile(assignmentOf(name(), [1]), async path => ({
        generated,
        executed: await reassign('--execute', '--reassignment-json-file', path),
        listed: await reassign('--list'),
        verified: await reassign('--verify', '--reassignment-json-file', path),
        cancelled: await reassign('--cancel', '--reassignment-json-file', path),
        elsewhere: await withFile(assignmentOf(name(), [2]), other =>
          reassign('--execute', '--reassignment-json-file', other),
        ),
      }))
    },
    { timeoutMs },
  )

  scenario(
    'kafka-reassign-partitions moves a partition to another log directory',
    async ({ kind, name }) => moveBetweenDirectories(kind, name()),
    { timeoutMs },
  )

  scenario(
    'kafka-leader-election finds the preferred leaders in place',
    async ({ bootstrap, name }) => {
      await create(bootstrap, name(), 1)
      const elect = (...args: string[]) => tool('kafka-leader-election', bootstrap, args)
      const one = (type: string, topic: string) =>
        elect('--election-type', type, '--topic', topic, '--partition', '0')
      return {
        preferred: await one('preferred', name()),
        unclean: await one('unclean', name()),
        unknown: (await one('preferred', name('missing'))).code,
        all: await elect('--election-type', 'preferred', '--all-topic-partitions'),
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-features describes the level of metadata and keeps it',
    async ({ bootstrap }) => {
      const described = await tool('kafka-features', bootstrap, ['describe'])
      const level = described.rows.find(row => row.includes('metadata.version'))!
      const change = (...args: string[]) => tool('kafka-features', bootstrap, args).then(({ code }) => code)
      return {
        finalized: level[level.indexOf('FinalizedVersionLevel:') + 1],
        tooHigh: await change('upgrade', '--feature', 'metadata.version=99'),
        tooLow: await change('downgrade', '--feature', 'metadata.version=7'),
        unknown: await change('upgrade', '--feature', 'no.such.feature=1'),
        same: await change('upgrade', '--dry-run', '--feature', 'metadata.version=30'),
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-transactions shows the producers of a partition',
    async ({ bootstrap, name }) => {
      await create(bootstrap, name(), 1)
      await tool('kafka-console-producer', bootstrap, ['--topic', name()], 'a\n')
      const ask = (...args: string[]) =>
        tool('kafka-transactions', bootstrap, ['describe-producers', '--topic', name(), ...args])
      const shown = await ask('--partition', '0')
      const [titles, ...producers] = shown.rows
      // Ids and times are of the run.
      const column = (title: string) => producers.map(row => row[titles!.indexOf(title)])
      return {
        titles,
        epochs: column('ProducerEpoch'),
        coordinatorEpochs: column('LatestCoordinatorEpoch'),
        sequences: column('LastSequence'),
        openTransactions: column('CurrentTransactionStartOffset'),
        unknown: (await ask('--partition', '7')).code,
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-metadata-quorum shows one voter',
    async ({ bootstrap }) => {
      const status = await tool('kafka-metadata-quorum', bootstrap, ['describe', '--status'])
      const replication = await tool('kafka-metadata-quorum', bootstrap, ['describe', '--replication'])
      const line = (title: string) => status.rows.find(([word]) => word === `${title}:`)?.slice(1)
      const [titles, ...voters] = replication.rows
      return {
        code: status.code,
        titles: status.rows.map(([word]) => word),
        leader: line('LeaderId'),
        lag: line('MaxFollowerLag'),
        observers: line('CurrentObservers'),
        replication: titles,
        voters: voters.map(row => [row[0], row[titles!.indexOf('Lag')], row.at(-1)]),
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-cluster tells the id and the endpoints',
    async ({ bootstrap }) => {
      const id = await tool('kafka-cluster', bootstrap, ['cluster-id'])
      const endpoints = await tool('kafka-cluster', bootstrap, ['list-endpoints'])
      const port = bootstrap.slice(bootstrap.indexOf(':') + 1)
      return {
        id: { code: id.code, words: id.rows.map(row => row.slice(0, -1)) },
        endpoints: endpoints.rows.map(row => row.map(word => (word === port ? 'PORT' : word))),
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-consumer-groups deletes the offsets of a topic',
    async ({ bootstrap, name }) => {
      const [topic, group] = [name(), name('group')]
      await create(bootstrap, topic, 1)
      await tool('kafka-console-producer', bootstrap, ['--topic', topic], 'a\nb\n')
      const consume = ['--topic', topic, '--group', group, '--from-beginning', '--max-messages', '2']
      await tool('kafka-console-consumer', bootstrap, consume)
      const forget = (...args: string[]) =>
        tool('kafka-consumer-groups', bootstrap, ['--delete-offsets', '--group', group, ...args])
      return {
        deleted: await forget('--topic', topic),
        missing: await forget('--topic', name('missing')),
        left: (await tool('kafka-consumer-groups', bootstrap, ['--describe', '--group', group])).rows,
      }
    },
    { timeoutMs },
  )
})

/** On a broker of its own, with two log directories. */
async function moveBetweenDirectories(kind: BrokerKind, topic: string) {
  const folder = await mkdtemp(join(tmpdir(), 'loggerhead-compat-dirs-'))
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  const broker = await startBroker(kind, { settings: { 'log.dirs': `${first},${second}` } })
  const { bootstrap } = broker
  try {
    await create(bootstrap, topic, 1)
    await tool('kafka-console-producer', bootstrap, ['--topic', topic], 'a\nb\nc\n')
    const placeOf = async () => {
      const { brokers } = await logDirectories(bootstrap, topic)
      return brokers[0]!.logDirs.find(({ partitions }) => partitions.some(one => !one.isFuture))!.logDir
    }
    const from = await placeOf()
    const to = from === first ? second : first
    const reassign = (path: string, ...args: string[]) =>
      tool('kafka-reassign-partitions', bootstrap, ['--reassignment-json-file', path, ...args])
    const { executed, verified } = await withFile(assignmentOf(topic, [1], [to]), async path => {
      const started = await reassign(path, '--execute')
      let seen = await reassign(path, '--verify')
      for (let tries = 0; tries < 10 && isUnderWay(seen); tries++) {
        seen = await reassign(path, '--verify')
      }
      return { executed: started.code, verified: seen }
    })
    const unknown = await withFile(assignmentOf(topic, [1], [join(folder, 'nowhere')]), path =>
      reassign(path, '--execute'),
    )
    const consume = ['--topic', topic, '--from-beginning', '--max-messages', '3']
    return {
      executed,
      verified,
      hasMoved: (await placeOf()) === to,
      unknown: unknown.code,
      records: (await tool('kafka-console-consumer', bootstrap, consume)).rows,
    }
  } finally {
    await broker.remove()
    await rm(folder, { recursive: true, force: true })
  }
}

function isUnderWay({ rows }: Answer): boolean {
  return rows.some(row => row.join(' ').includes('still in progress'))
}
