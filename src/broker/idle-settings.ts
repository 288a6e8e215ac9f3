import type { Logger } from '../base/logger.ts'
import { settingsTable } from './config-table.ts'
import { topicEffect } from './topic-settings.ts'

/** Says once of each setting that has no effect that somebody set it while the broker runs. A value is never named: it may be secret. */
export class IdleSettings {
  readonly #logger: Logger
  readonly #told = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  tellBroker(wanted: ReadonlyMap<string, string>): void {
    for (const name of wanted.keys()) {
      const entry = settingsTable.get(name)
      if (entry?.effect === 'yes') continue
      this.#tell(
        name,
        entry ? 'a setting without effect was set' : 'an unknown setting is kept without effect',
      )
    }
  }

  tellTopic(topic: string, wanted: ReadonlyMap<string, string>): void {
    for (const name of wanted.keys()) {
      if (topicEffect(name) !== 'yes') this.#tell(name, `a setting without effect was set for ${topic}`)
    }
  }

  #tell(name: string, text: string): void {
    if (this.#told.has(name) || this.#told.size >= TOLD_MAX) return
    this.#told.add(name)
    this.#logger.warn({ event: 'setting-without-effect', setting: name }, text)
  }
}

/** Unknown names come from clients. */
const TOLD_MAX = 1_000
