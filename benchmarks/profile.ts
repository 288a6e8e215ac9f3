/**
 * `node_modules/.bin/node benchmarks/profile.ts [--load small] [--unsynced] [--seconds 10] [--top 25] [--keep FILE]`:
 * a CPU profile of Loggerhead under one load, as a table of self time: where a request's microseconds go. Only the
 * samples between the load's begin and end count. V8 sees the event loop's thread; what the kernel and libuv's
 * pool add is the difference to the CPU time of the whole process, which stands below the table.
 */
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareBroker, unsynced } from './brokers.ts'
import { installPackage } from './install.ts'
import { buildLoad, type LoadReport, load, type Mode, type Shape } from './load.ts'

const loads: Record<string, { mode: Mode; shape: Shape }> = {
  small: { mode: 'produce', shape: { connections: 20, records: 1, bytes: 100 } },
  wide: {
    mode: 'produce',
    shape: { connections: 100, partitions: 100, records: 1, bytes: 100, 'in-flight': 1 },
  },
  batches: { mode: 'produce', shape: { records: 100, bytes: 100 } },
  bulk: { mode: 'produce', shape: { records: 1_000, bytes: 1_000, 'bytes-max': 6e9 } },
  fetch: { mode: 'fetch', shape: { records: 100, bytes: 1_000 } },
  tail: { mode: 'fetch', shape: { records: 100, bytes: 1_000, tail: 64 * 2 ** 20 } },
}

const { values } = parseArgs({
  options: {
    load: { type: 'string', default: 'small' },
    unsynced: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    top: { type: 'string', default: '25' },
    keep: { type: 'string' },
  },
})

/** The parts of a .cpuprofile that are read here; times are microseconds of the monotonic clock. */
interface Profile {
  startTime: number
  samples: number[]
  timeDeltas: number[]
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
}

type SelfTimes = Map<string, number>

function selfTimes(profile: Profile, from: number, to: number): SelfTimes {
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const file = url.replace(/^.*\/(dist|src|node_modules)\//, '')
      return [id, url ? `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}` : functionName]
    }),
  )
  const times: SelfTimes = new Map()
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index]!
    at += delta
    if (at < from || at > to) continue
    const name = names.get(id)!
    times.set(name, (times.get(name) ?? 0) + delta)
  }
  return times
}

function print(times: SelfTimes, report: LoadReport, top: number): void {
  const total = [...times.values()].reduce((sum, time) => sum + time, 0)
  const idle = times.get('(idle)') ?? 0
  times.delete('(idle)')
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, top)
  console.log('| function | share of busy time | µs/request |\n| --- | --- | --- |')
  for (const [name, time] of sorted) {
    const share = ((time / (total - idle)) * 100).toFixed(1)
    console.log(`| \`${name}\` | ${share} % | ${(time / report.requests).toFixed(2)} |`)
  }
  const busy = (total - idle) / report.requests
  console.log(
    `\n${Math.round(report.requestsPerSecond)} requests/s; the loop is busy ${((1 - idle / total) * 100).toFixed(0)} % ` +
      `of the time, ${busy.toFixed(1)} µs a request; the process uses ${report.cpuMicrosecondsPerRequest.toFixed(1)} µs of CPU`,
  )
}

const nowMicroseconds = () => Number(process.hrtime.bigint() / 1_000n)

async function main(): Promise<void> {
  const chosen = loads[values.load]
  if (!chosen) throw new Error(`no load ${values.load}: ${Object.keys(loads).join(', ')}`)
  const { mode, shape } = chosen
  const seconds = Number(values.seconds)
  const folder = await mkdtemp(join(tmpdir(), 'loggerhead-profile-'))
  try {
    await buildLoad()
    await installPackage(folder)
    const broker = await prepareBroker(
      'profiled',
      {
        kind: 'loggerhead',
        settings: values.unsynced ? unsynced : {},
        nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'],
      },
      folder,
    )
    const topic = 'profile'
    await broker.start({ topic, partitions: shape.partitions ?? 1 })
    if (mode === 'fetch') await load('produce', broker, { ...shape, topic, seconds: 60, 'bytes-max': 2e9 })
    await load(mode, broker, { ...shape, topic, seconds: 3 })
    const from = nowMicroseconds()
    const report = await load(mode, broker, { ...shape, topic, seconds })
    const to = nowMicroseconds()
    await broker.stop()
    const file = (await readdir(folder)).find(name => name.endsWith('.cpuprofile'))
    if (!file) throw new Error('the broker left no profile')
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile
    print(selfTimes(profile, from, to), report, Number(values.top))
    if (values.keep) await copyFile(join(folder, file), values.keep)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

await main()
