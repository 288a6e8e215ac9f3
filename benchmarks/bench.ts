/**
 * What a row gets: how long and how often to measure, and the brokers. A warm broker is started once and serves
 * all rows; a fresh one belongs to the row that asked for it. Only one broker is loaded at a time, the others idle.
 */
import { type Broker, prepareBroker, type Recipe, unsynced } from './brokers.ts'
import { type LoadReport, load, type Mode, type Shape } from './load.ts'
import { settleDisk } from './machine.ts'

export interface Options {
  folder: string
  rounds: number
  seconds: number
  quick: boolean
  /** A second Apache Kafka stands in for Loggerhead: shows what the method itself adds. */
  peerOnly: boolean
}

export const contenders = {
  kafka: { kind: 'kafka' },
  /** Loggerhead's default: a record is synced before its ack. */
  synced: { kind: 'loggerhead' },
  unsynced: { kind: 'loggerhead', settings: unsynced },
} as const satisfies Record<string, Recipe>

export type Contender = keyof typeof contenders

export interface Bench extends Options {
  warm(contender: Contender): Promise<Broker>
  /** The warm brokers that run. */
  readonly running: ReadonlyMap<Contender, Broker>
  /** Prepared but not started; the caller removes it. */
  fresh(recipe: Recipe): Promise<Broker>
  say(text: string): void
  closeWarm(): Promise<void>
}

export function openBench(options: Options): Bench {
  const running = new Map<Contender, Broker>()
  let freshCount = 0
  const stand = (recipe: Recipe): Recipe =>
    options.peerOnly && recipe.kind === 'loggerhead' ? { kind: 'kafka' } : recipe
  return {
    ...options,
    running,
    async warm(contender) {
      const known = running.get(contender)
      if (known) return known
      const broker = await prepareBroker(`warm-${contender}`, stand(contenders[contender]), options.folder)
      running.set(contender, broker)
      await broker.start()
      return broker
    },
    fresh: recipe => prepareBroker(`fresh-${++freshCount}`, stand(recipe), options.folder),
    say: text => console.error(text),
    async closeWarm() {
      for (const broker of running.values()) await broker.remove()
      running.clear()
    },
  }
}

/** Repeats a load in slices until two in a row are no faster than the best: before that, compilers are at work. */
async function warmUp(bench: Bench, broker: Broker, mode: Mode, shape: Shape): Promise<void> {
  const slices = bench.quick ? 3 : shape['bytes-max'] ? 6 : 12
  let best = 0
  let stale = 0
  for (let slice = 0; slice < slices && stale < 2; slice++) {
    const { requestsPerSecond } = await load(mode, broker, { ...shape, seconds: 3 })
    stale = requestsPerSecond > best * 1.03 ? 0 : stale + 1
    best = Math.max(best, requestsPerSecond)
  }
}

export type Samples = Record<Contender, LoadReport[]>

/** The load on each contender in turn, A B A B, after all are warm and the topic is there. */
export async function alternate(
  bench: Bench,
  names: readonly Contender[],
  mode: Mode,
  shape: Shape,
): Promise<Samples> {
  const samples: Samples = { kafka: [], synced: [], unsynced: [] }
  for (const name of names) {
    const broker = await bench.warm(name)
    await load('ready', broker, { topic: shape.topic!, partitions: shape.partitions ?? 1, seconds: 60 })
    await warmUp(bench, broker, mode, shape)
  }
  for (let round = 0; round < bench.rounds; round++) {
    for (const name of names) {
      await settleDisk(bench.folder)
      samples[name].push(await load(mode, await bench.warm(name), { seconds: bench.seconds, ...shape }))
    }
  }
  return samples
}
