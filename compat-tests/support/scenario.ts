/**
 * Scenarios: one client's actions and the answers it saw, run against every broker under test and compared.
 *
 * A scenario returns what it saw as plain values, without what must differ from run to run (ids, times, ports). The
 * answers of Loggerhead and of Apache Kafka must then be equal, but for what `differences.ts` lists with a reason; a
 * listed difference that no longer shows is an error too, so the list cannot rot.
 */
import { describe, expect, inject, test } from 'vitest'
import { type Difference, differences } from '../differences.ts'
import type { BrokerKind, Endpoint } from './broker.ts'

export interface Scene extends Endpoint {
  /** A name for a topic or group: unique to the scenario, the same on every broker. */
  name(suffix?: string): string
}

type Play = (scene: Scene) => Promise<unknown>

export interface ScenarioOptions {
  timeoutMs?: number
  /** Run against this broker alone, because there is nothing to compare; the scenario holds its own expectations. */
  only?: { kind: BrokerKind; reason: string }
}

declare module 'vitest' {
  interface ProvidedContext {
    endpoints: Endpoint[]
  }
}

/** Declares the scenarios of one client. */
export function suite(client: string, declare: (scenario: Declare) => void): void {
  describe(client, () => declare((title, play, options) => declareScenario(client, title, play, options)))
}

type Declare = (title: string, play: Play, options?: ScenarioOptions) => void

function declareScenario(client: string, title: string, play: Play, options: ScenarioOptions = {}): void {
  const { timeoutMs = 60_000, only } = options
  const endpoints = inject('endpoints').filter(({ kind }) => !only || kind === only.kind)
  const heading = only ? `${title} [${only.kind} only: ${only.reason}]` : title
  test.skipIf(endpoints.length === 0)(heading, { timeout: timeoutMs }, async () => {
    const settled = await Promise.allSettled(endpoints.map(endpoint => play(scene(client, title, endpoint))))
    const answers = new Map<BrokerKind, unknown>()
    for (const [index, outcome] of settled.entries()) {
      const { kind } = endpoints[index]!
      if (outcome.status === 'rejected') throw annotated(outcome.reason, kind)
      answers.set(kind, plain(outcome.value))
    }
    if (process.env.COMPAT_SHOW) console.log(heading, JSON.stringify(Object.fromEntries(answers), null, 1))
    if (answers.size < 2) return
    const [ours, theirs] = [flatten(answers.get('loggerhead')), flatten(answers.get('kafka'))]
    const listed = differences.filter(difference => difference.scenario === `${client} > ${title}`)
    expect(ours, 'Loggerhead answers as Apache Kafka does').toEqual(withDifferences(theirs, listed))
  })
}

function scene(client: string, title: string, endpoint: Endpoint): Scene {
  const slug = `${client}-${title}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80)
  return { ...endpoint, name: suffix => (suffix ? `${slug}-${suffix}` : slug) }
}

function annotated(reason: unknown, kind: BrokerKind): Error {
  const error = reason instanceof Error ? reason : new Error(String(reason))
  error.message = `against ${kind}: ${error.message}`
  return error
}

/** What JSON would keep, with big integers as text and buffers as hex. The order of partitions is no answer. */
export function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return inner.toString()
    if (inner instanceof Map) return Object.fromEntries(inner)
    if (Array.isArray(inner) && inner.every(isOfPartition))
      return inner.toSorted((a: OfPartition, b: OfPartition) => a.partition - b.partition)
    if (isSerializedBuffer(inner)) return Buffer.from(inner.data).toString('hex')
    return inner
  })
  return text === undefined ? null : JSON.parse(text)
}

interface OfPartition {
  partition: number
}

function isOfPartition(value: unknown): value is OfPartition {
  return (
    typeof value === 'object' && value !== null && 'partition' in value && typeof value.partition === 'number'
  )
}

function isSerializedBuffer(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value
  )
}

/** Every leaf by its path, so that a difference can be named. */
export function flatten(value: unknown, path = ''): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return { [path]: value }
  const entries = Object.entries(value)
  if (entries.length === 0) return { [path]: Array.isArray(value) ? '(empty list)' : '(empty)' }
  return Object.assign({}, ...entries.map(([key, inner]) => flatten(inner, path ? `${path}.${key}` : key)))
}

/** Kafka's answer as it must look from Loggerhead: each listed difference checked against Kafka and swapped. */
export function withDifferences(
  theirs: Record<string, unknown>,
  listed: readonly Difference[],
): Record<string, unknown> {
  const expected = { ...theirs }
  for (const { path, kafka, loggerhead, reason } of listed) {
    expect(theirs[path], `differences.ts lists Kafka's answer at "${path}" (${reason})`).toEqual(kafka)
    if (loggerhead === undefined) delete expected[path]
    else expected[path] = loggerhead
  }
  return expected
}
