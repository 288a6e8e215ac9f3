/**
 * The load generator of benchmarks/load: built once by Go into the cache folder, run as a process of its own for
 * each measurement. A run in which the broker answered an error is void and throws.
 */
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, runOrThrow } from '../compat-tests/support/process.ts'

export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'loggerhead')
const source = fileURLToPath(new URL('load', import.meta.url))
const binary = join(cacheFolder, 'load')

/** One line of JSON as the generator prints it (load/modes.go); a field that a mode does not know is absent. */
export interface LoadReport {
  requests: number
  bytes: number
  seconds: number
  requestsPerSecond: number
  megabytesPerSecond: number
  p50Ms: number
  p99Ms: number
  p999Ms: number
  errors?: Record<string, number>
  cpuSeconds: number
  cpuSecondsPerGB: number
  cpuMicrosecondsPerRequest: number
  residentBytesBefore: number
  residentBytesAfter: number
  readyAtUnixMs: number
  groupMs: number
  groupMembers: number
  generations: number[]
}

export type Mode = 'produce' | 'latency' | 'fetch' | 'ready' | 'group' | 'syncs' | 'idle'

export interface Target {
  address: string
  pid: number
}

/** A load's shape, in the generator's own flags. */
export interface Shape {
  topic?: string
  group?: string
  connections?: number
  partitions?: number
  'in-flight'?: number
  records?: number
  bytes?: number
  acks?: -1 | 1
  seconds?: number
  'bytes-max'?: number
  rate?: number
  tail?: number
  once?: true
  folder?: string
}

/** Go's own cache makes this a no-op when nothing has changed. */
export async function buildLoad(): Promise<void> {
  await mkdir(cacheFolder, { recursive: true })
  await runOrThrow('go', ['build', '-o', binary, '.'], { cwd: source, timeoutMs: 300_000 })
}

export async function load(mode: Mode, target: Target | undefined, shape: Shape): Promise<LoadReport> {
  const flags = Object.entries(shape).map(([name, value]) => `-${name}=${value}`)
  if (target) flags.push(`-broker=${target.address}`, `-pid=${target.pid}`)
  const { code, stdout, stderr } = await run(binary, [mode, ...flags], { timeoutMs: 900_000 })
  if (code !== 0) throw new Error(stderr.trim() || `load ${mode}: exit ${code}`)
  const report = JSON.parse(stdout) as LoadReport
  if (report.errors) throw new Error(`void: the broker answered errors ${JSON.stringify(report.errors)}`)
  return report
}
