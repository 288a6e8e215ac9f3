/**
 * Writes the pages of `docs/` that follow from tables in the source: `apis.md` from the list of handlers and
 * `configuration.md` from the table of settings. `npm run docs` writes them, a test checks that they are current.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientMetricsSettings } from '../src/broker/client-metrics-config.ts'
import { type Effect, settingsTable, type TableEntry } from '../src/broker/config-table.ts'
import { settingTexts } from '../src/broker/config-texts.ts'
import { findGroupDefault, groupSettings } from '../src/broker/group-config.ts'
import type { Handler } from '../src/broker/handler.ts'
import { handlers } from '../src/broker/handlers/index.ts'
import { topicEffect, topicSettings } from '../src/broker/topic-settings.ts'
import { apis } from '../src/protocol/messages/index.ts'

/** Pages by their path from the top of the repository. */
export function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/apis.md', apisPage(handlers)],
    ['docs/configuration.md', configurationPage()],
  ])
}

/** APIs that only brokers and controllers use among themselves; all others are for clients. */
const internalKeys = new Set([4, 5, 6, 7, 52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82])

/** Where Kafka 4.3 advertises other versions than it defines messages for. */
const advertised = new Map<number, readonly [number, number]>([
  [0, [0, 13]],
  [22, [0, 5]],
])

function apisPage(served: readonly Handler[]): string {
  const byKey = new Map(served.map(entry => [entry.api.key, entry]))
  const forClients = apis.filter(({ key }) => !internalKeys.has(key))
  const rows = forClients.map(({ key, name, versions }) => {
    const entry = byKey.get(key)
    const kafka = range(advertised.get(key) ?? versions)
    return entry
      ? `| ${key} | ${name} | ${kafka} | ${range(entry.versions)} | ${cell(entry.notes)} |`
      : `| ${key} | ${name} | ${kafka} | – | not served, not advertised |`
  })
  return `${generated}# APIs

${rows.length} APIs of Kafka 4.3 are for clients; ${forClients.filter(({ key }) => byKey.has(key)).length} of them are served. An API that is not served is not advertised
by ApiVersions, so that clients know at once.

| Key | API | Kafka 4.3 | Loggerhead | Notes |
| ---: | --- | --- | --- | --- |
${rows.join('\n')}
`
}

function configurationPage(): string {
  const all = [...settingsTable.values()]
  const ofEffect = (effect: Effect) => all.filter(entry => entry.effect === effect)
  const isOwn = ({ name }: TableEntry) => name.startsWith('loggerhead.')
  return `${generated}# Configuration

Settings have Kafka's names and, where the list of differences does not say otherwise, Kafka's defaults. They come from, strongest last:

1. the defaults;
2. a file in the format of \`server.properties\` (\`--config FILE\`);
3. the environment: \`KAFKA_LOG_DIRS\` is \`log.dirs\`, \`__\` stands for \`_\` and \`___\` for \`-\`;
4. flags: \`--set name=value\`, and \`--port\`, \`--host\`, \`--http-port\`, \`--data\`, \`--dev\`, \`--log-level\`;
5. what a program says that embeds the broker.

\`loggerhead config\` prints what is in force and where each value comes from. A value that is not allowed stops the start; the message names
the setting, the value, its place and what is allowed. A name that neither Kafka nor Loggerhead knows is kept and logged once.

## Changing settings while the broker runs

IncrementalAlterConfigs and AlterConfigs (\`kafka-configs.sh --alter\`) change settings of topics, groups and client metrics, levels of loggers,
and the broker settings that are marked "running" below: for this broker under its id, or for all under the empty name
(\`--entity-default\`). What was set is in force when the answer arrives, stands in the metadata log and survives a restart; levels of loggers do
not. Strongest first: the topic, this broker, all brokers, what the broker was started with, the default. The other broker settings are
refused, as in Kafka.

Passwords and settings that nobody knows are never shown. A setting without effect that is set is logged once.

## Differences from Kafka's defaults

| Setting | Kafka | Loggerhead | |
| --- | --- | --- | --- |
${all
  .filter(({ setting }) => setting.kafkaDefault !== undefined)
  .map(differenceRow)
  .join('\n')}

\`log.flush.interval.messages\` is the one to know: every acknowledged record is on disk. Another count keeps Kafka's meaning. 2^63−1, or a
timer alone, answers producers before their records are on disk; it takes effect only with \`loggerhead.unsynced.acks=true\` or \`--dev\`,
and is logged and not followed otherwise.

## Settings of Loggerhead

${settingTable(ofEffect('yes').filter(isOwn))}

## Settings of Kafka that have an effect

${settingTable(ofEffect('yes').filter(entry => !isOwn(entry)))}

## Topic settings

Set for one topic, they stand above the broker's default of the right name.

| Topic setting | Type | Allowed | Default from | |
| --- | --- | --- | --- | --- |
${topicRows().join('\n')}

\`min.insync.replicas\` counts no more replicas than a partition has: on one node acks=all is served whatever it says, as in Kafka.

## Group settings

For the group protocols that are still to come: checked, kept and reported.

| Group setting | Type | Allowed | Default from |
| --- | --- | --- | --- |
${groupRows().join('\n')}

## Settings of client metrics

| Setting | Type | Allowed | Default |
| --- | --- | --- | --- |
${clientMetricsRows().join('\n')}

## Settings of Kafka without effect in this version

Accepted, checked and reported. Their features are still to come.

${names(ofEffect('later'))}

## Settings of Kafka without effect here

Accepted, checked and reported. They tune what is not built that way here.

${names(ofEffect('none'))}
`
}

const generated = '<!-- Written by `npm run docs`; change the source instead. -->\n\n'

function differenceRow({ name, setting, effect }: TableEntry): string {
  const note = effect === 'yes' ? '' : 'no effect yet'
  return `| \`${name}\` | ${code(setting.kafkaDefault ?? null)} | ${code(setting.default)} | ${note} |`
}

function settingTable(entries: readonly TableEntry[]): string {
  const rows = entries.map(({ name, setting }) => {
    const text = (settingTexts as Record<string, string>)[name] ?? ''
    const dynamic = setting.dynamic ? 'running' : ''
    return `| \`${name}\` | ${code(setting.default)} | ${cell(setting.allowed)} | ${dynamic} | ${cell(text)} |`
  })
  return ['| Setting | Default | Allowed | | |', '| --- | --- | --- | --- | --- |', ...rows].join('\n')
}

function topicRows(): string[] {
  return Object.entries(topicSettings).map(([name, { broker, setting }]) => {
    const source = broker === null ? code(setting.default) : code(broker)
    const note = { yes: '', later: 'no effect yet', none: 'no effect' }[topicEffect(name)]
    return `| \`${name}\` | ${setting.type} | ${cell(setting.allowed)} | ${source} | ${note} |`
  })
}

function groupRows(): string[] {
  return Object.entries(groupSettings).map(([name, setting]) => {
    const source = code(findGroupDefault(name) ?? setting.default)
    return `| \`${name}\` | ${setting.type} | ${cell(setting.allowed)} | ${source} |`
  })
}

function clientMetricsRows(): string[] {
  return Object.entries(clientMetricsSettings).map(
    ([name, { type, allowed, default: fallback }]) =>
      `| \`${name}\` | ${type} | ${cell(allowed)} | ${code(fallback)} |`,
  )
}

function names(entries: readonly TableEntry[]): string {
  return entries.map(({ name }) => `\`${name}\``).join(', ')
}

function code(text: string | null): string {
  return text === null || text === '' ? '' : `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*')
}

function range([first, last]: readonly [number, number]): string {
  return first === last ? String(first) : `${first}–${last}`
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  for (const [path, text] of generatedPages()) writeFileSync(join(root, path), text)
}
