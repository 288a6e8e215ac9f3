/**
 * The Java client. One program plays all scenarios, since a virtual machine a scenario would cost more than the
 * scenarios; it runs once against each broker, and each scenario here takes its own line of the output.
 */
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { BrokerKind, Endpoint } from '../support/broker.ts'
import { ensureKafkaJars, javaArguments } from '../support/kafka-jars.ts'
import { runOrThrow } from '../support/process.ts'
import { suite } from '../support/scenario.ts'

const program = fileURLToPath(new URL('Scenarios.java', import.meta.url))

interface Line {
  scenario: string
  answer?: unknown
  error?: string
}

const outputs = new Map<BrokerKind, Promise<Map<string, Line>>>()

function play({ kind, bootstrap }: Endpoint): Promise<Map<string, Line>> {
  const known = outputs.get(kind)
  if (known) return known
  const output = ensureKafkaJars().then(async () => {
    const args = javaArguments(program, [bootstrap, kind])
    const stdout = await runOrThrow('java', args, { timeoutMs: 300_000 })
    const lines = stdout.split('\n').filter(line => line.startsWith('{'))
    return new Map(lines.map(line => JSON.parse(line) as Line).map(line => [line.scenario, line]))
  })
  outputs.set(kind, output)
  return output
}

async function answerOf(endpoint: Endpoint, scenario: string): Promise<unknown> {
  const line = (await play(endpoint)).get(scenario)
  if (!line) throw new Error(`Scenarios.java did not play "${scenario}"`)
  if (line.error) throw new Error(line.error)
  return line.answer
}

const scenarios = [
  'creates, describes, extends and deletes topics',
  'names the errors of wrong topics',
  'describes every setting of a topic',
  'describes the cluster',
  ...['none', 'gzip', 'snappy', 'lz4', 'zstd'].map(
    codec => `writes and reads records compressed with ${codec}`,
  ),
  'keeps headers, nulls, timestamps and leader epochs',
  'refuses records that are too large',
  'keeps the order of an idempotent producer with five requests in flight',
  'finds offsets by time, the first, the last and the one of the largest time',
  'seeks into a batch and out of range',
  'deletes records',
  'keeps committed offsets with metadata and epoch',
  'lists, describes, alters and deletes groups',
  'finds directories, producers, quorum and features',
  'elects, reassigns and moves as far as one node goes',
  'deletes offsets of a group',
  ...['Range', 'RoundRobin', 'Sticky', 'CooperativeSticky'].map(
    name => `shares partitions by the ${name} assignor`,
  ),
  "keeps a static member's partitions while it is away",
  'fences a static member whose name is taken over',
  'subscribes to topics by pattern',
]

const timeoutMs = 300_000

suite('java', scenario => {
  for (const title of scenarios) scenario(title, scene => answerOf(scene, title), { timeoutMs })

  const later = {
    timeoutMs,
    only: { kind: 'loggerhead', reason: 'what comes later is refused at once' },
  } as const
  scenario(
    'is refused transactions at once',
    async scene => {
      const answer = await answerOf(scene, 'is refused transactions at once')
      expect(answer).toMatchObject({ atOnce: true })
      expect(answer).not.toMatchObject({ error: 'TimeoutException' })
    },
    later,
  )
  scenario(
    'is refused the consumer protocol at once',
    async scene => {
      const answer = await answerOf(scene, 'is refused the consumer protocol at once')
      expect(answer).toEqual({ atOnce: true, error: 'UnsupportedVersionException' })
    },
    later,
  )
})
