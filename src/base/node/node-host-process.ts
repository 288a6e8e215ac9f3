import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { HostProcess, ProcessUsage } from '../host-process.ts'

/**
 * This process, as Node and Linux's /proc tell of it. The event loop's delay is sampled from the first question on, for all brokers of the
 * process together: before that it costs nothing.
 */
const SAMPLE_MS = 20
const NANOSECONDS = 1e9

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>

let loopDelay: IntervalHistogram | undefined

export class NodeHostProcess implements HostProcess {
  usage(): ProcessUsage {
    if (!loopDelay) {
      loopDelay = monitorEventLoopDelay({ resolution: SAMPLE_MS })
      loopDelay.enable()
    }
    const memory = process.memoryUsage()
    const cpu = process.cpuUsage()
    const loop = performance.eventLoopUtilization()
    const io = readText('/proc/self/io')
    return {
      nodeVersion: process.version,
      startedAtSeconds: performance.timeOrigin / 1_000,
      userSeconds: cpu.user / 1e6,
      systemSeconds: cpu.system / 1e6,
      residentBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      heapTotalBytes: memory.heapTotal,
      externalBytes: memory.external,
      loopActiveMs: loop.active,
      loopIdleMs: loop.idle,
      loopDelay: delayOf(loopDelay),
      openFiles: countFiles('/proc/self/fd'),
      openFilesMax: numberIn(readText('/proc/self/limits'), /^Max open files\s+(\d+)/m),
      diskReadBytes: numberIn(io, /^read_bytes: (\d+)/m),
      diskWrittenBytes: numberIn(io, /^write_bytes: (\d+)/m),
    }
  }
}

/** What the timer itself takes between two samples is no delay. */
function delayOf(histogram: IntervalHistogram): ProcessUsage['loopDelay'] {
  const seconds = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - SAMPLE_MS / 1_000) : 0
  if (histogram.count === 0) return { meanSeconds: 0, p99Seconds: 0, maxSeconds: 0 }
  return {
    meanSeconds: seconds(histogram.mean),
    p99Seconds: seconds(histogram.percentile(99)),
    maxSeconds: seconds(histogram.max),
  }
}

function countFiles(path: string): number | undefined {
  try {
    return readdirSync(path).length
  } catch {
    return undefined
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const [, digits] = pattern.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits)
}
