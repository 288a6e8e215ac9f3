/**
 * The table of all settings: every broker setting of Kafka 4.3 and ours. Loading, DescribeConfigs,
 * `loggerhead config` and docs/configuration.md read this one table.
 */
import { effectiveSettings } from './config-effective.ts'
import { inertSettings } from './config-inert.ts'
import { laterSettings } from './config-later.ts'
import type { Setting } from './config-setting.ts'

/** Only a setting with an effect can be read, so none can be promised and forgotten, or used and called idle. */
export type EffectiveName = keyof typeof effectiveSettings
export type ValueOf<N extends EffectiveName> =
  (typeof effectiveSettings)[N] extends Setting<infer T> ? T : never

/** `later`: its feature is still to come. `none`: it tunes something that is not built that way here. */
export type Effect = 'yes' | 'later' | 'none'

export interface TableEntry {
  readonly name: string
  readonly effect: Effect
  readonly setting: Setting
}

/** All settings by name, in alphabetical order. */
export const settingsTable: ReadonlyMap<string, TableEntry> = new Map(
  [
    ...entries('yes', effectiveSettings),
    ...entries('later', laterSettings),
    ...entries('none', inertSettings),
  ]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(entry => [entry.name, entry]),
)

/**
 * Names that stand for one thing in several units, strongest first, as Kafka ranks them. DescribeConfigs reports
 * the weaker ones as synonyms of the first.
 */
const ranked: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]

/** Not another unit of the same thing: it has a meaning of its own. */
const STANDS_IN = 'log.flush.scheduler.interval.ms'

/** All names of the setting's thing, strongest first; a weaker one stands in where no stronger one is set. */
export function synonymsOf(name: string): readonly string[] {
  return ranked.find(names => names.includes(name) && name !== STANDS_IN) ?? [name]
}

function entries(effect: Effect, settings: Record<string, Setting>): TableEntry[] {
  return Object.entries(settings).map(([name, setting]) => ({ name, effect, setting }))
}
