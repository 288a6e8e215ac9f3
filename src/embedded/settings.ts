import type { effectiveSettings } from '../broker/config-effective.ts'
import type { inertSettings } from '../broker/config-inert.ts'
import type { laterSettings } from '../broker/config-later.ts'
import type { Setting } from '../broker/config-setting.ts'
import type { TopicSettingName, TopicValueOf } from '../broker/topic-settings.ts'

/**
 * Settings as a program writes them: Kafka's names, typed by the tables that the broker reads them with. Each value may also be given as the
 * text that `server.properties` would have.
 */
type AllSettings = typeof effectiveSettings & typeof laterSettings & typeof inertSettings

type Written<T> = T extends null
  ? never
  : T extends boolean
    ? boolean | `${boolean}`
    : T extends number
      ? number | bigint | `${number}`
      : T extends readonly (infer Word)[]
        ? readonly Word[] | string
        : T

type WrittenFor<S> = S extends Setting<infer T> ? Written<T> : never

/** Settings of the broker. */
export type BrokerSettings = { readonly [N in keyof AllSettings]?: WrittenFor<AllSettings[N]> | undefined }

/** Settings of one topic. */
export type TopicSettings = { readonly [N in TopicSettingName]?: Written<TopicValueOf<N>> | undefined }

/** As the text of a file would say it; what is undefined is left out. */
export function settingTextsOf(settings: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    given.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]),
  )
}
