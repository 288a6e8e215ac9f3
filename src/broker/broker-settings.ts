import { ConfigResource, type Metadata } from '../cluster/metadata.ts'
import type { Config, SettingsReader } from './config.ts'
import type { Parsed } from './config-setting.ts'
import { type EffectiveName, settingsTable, type ValueOf } from './config-table.ts'

/**
 * The settings in force: what was set while the broker runs, over those it was started with.
 *
 * What was set stands in the metadata log: for this broker under its id, for all brokers under the empty name. It is read from there
 * each time, so that there is nothing to load at a start and nothing to keep in step. Strongest first: this broker, all brokers,
 * the start, the default. A stored value that this version does not allow counts as not set.
 */
export class BrokerSettings implements SettingsReader {
  /** What the broker was started with. */
  readonly config: Config
  readonly #metadata: Metadata

  constructor(config: Config, metadata: Metadata) {
    this.config = config
    this.#metadata = metadata
  }

  /** What was set for this broker, as it was written. */
  get own(): ReadonlyMap<string, string> {
    return this.#metadata.configsOf(ConfigResource.BROKER, String(this.config.nodeId))
  }

  /** What was set for all brokers, as it was written. */
  get shared(): ReadonlyMap<string, string> {
    return this.#metadata.configsOf(ConfigResource.BROKER, '')
  }

  value<N extends EffectiveName>(name: N): ValueOf<N> {
    const parsed = this.#findDynamic(name)
    return parsed ? (parsed.value as ValueOf<N>) : this.config.value(name)
  }

  text(name: string): string | null {
    return this.#findDynamic(name)?.text ?? this.config.text(name)
  }

  #findDynamic(name: string): Parsed<unknown> | undefined {
    const entry = settingsTable.get(name)
    if (entry && !entry.setting.dynamic) return undefined
    for (const layer of [this.own, this.shared]) {
      const written = layer.get(name)
      const parsed = written === undefined ? undefined : parse(entry?.setting, written)
      if (parsed) return parsed
    }
    return undefined
  }
}

/** What nobody knows is kept as it is. */
function parse(setting: { parse(text: string): Parsed<unknown> | undefined } | undefined, written: string) {
  return setting ? setting.parse(written) : { value: written, text: written }
}
