import type { Logger } from '../base/logger.ts'
import type { TopicSettings } from '../cluster/partitions.ts'
import type { SettingsReader } from './config.ts'
import { partitionRulesOf } from './partition-rules.ts'
import { syncPolicyOf } from './sync-policy.ts'
import { logSettingsOf, type TopicOverrides, topicConfigOf } from './topic-config.ts'

/**
 * What the partitions of each topic go by: the settings of their logs and the rules for their producers. Most topics have nothing of
 * their own; for them it is worked out once, until a default changes.
 */
export class PartitionSettings {
  readonly #settings: SettingsReader
  readonly #logger: Logger
  #defaults: TopicSettings | undefined
  #hasTold = false

  constructor(settings: SettingsReader, logger: Logger) {
    this.#settings = settings
    this.#logger = logger
  }

  of(topic: string, overrides: TopicOverrides): TopicSettings {
    if (overrides.size > 0) return this.#workOut(topic, overrides)
    this.#defaults ??= this.#workOut(topic, overrides)
    return this.#defaults
  }

  /** A default has changed. */
  forgetDefaults(): void {
    this.#defaults = undefined
  }

  #workOut(topic: string, overrides: TopicOverrides): TopicSettings {
    const config = topicConfigOf(this.#settings, overrides)
    if (syncPolicyOf(this.#settings, config).isKeptSynced) this.#tellKeptSynced(topic)
    return { log: logSettingsOf(this.#settings, config), rules: partitionRulesOf(config) }
  }

  #tellKeptSynced(topic: string): void {
    if (this.#hasTold) return
    this.#hasTold = true
    this.#logger.warn(
      { event: 'acks-stay-synced', topic },
      'flush.messages asks for no sync before acknowledgements; they stay synced. loggerhead.unsynced.acks=true or --dev allows it.',
    )
  }
}
