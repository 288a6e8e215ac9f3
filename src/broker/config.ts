/**
 * The settings of one broker, gathered from all sources and checked as a whole. A setting keeps the text it was
 * given, the source it came from and its parsed value; `value` reads it typed by the table.
 *
 * Sources, strongest last: defaults, those of development mode, the file, the environment, flags, and what a program
 * that embeds the broker says. All problems are reported at once, each naming the setting, its value, where that came
 * from and what is allowed. Nothing here reads files, the environment or the clock.
 */
import { environmentSettings } from './config-environment.ts'
import { type ListenerConfig, ListenerError, parseListeners } from './config-listeners.ts'
import { PropertiesError, parseProperties } from './config-properties.ts'
import { LONG_MAX } from './config-setting.ts'
import { type EffectiveName, settingsTable, type ValueOf } from './config-table.ts'

export interface ConfigSources {
  /** A file in the format of `server.properties`, already read. */
  file?: { path: string; text: string }
  env?: NodeJS.ProcessEnv
  /** What the command line says; `flag` is how it was written, such as `--port`. */
  flags?: readonly { name: string; text: string; flag: string }[]
  /** What a program says that embeds the broker. */
  overrides?: Readonly<Record<string, string | number | boolean>>
}

/** Where settings are read from: those of the start (`Config`), or those in force (`BrokerSettings`). */
export interface SettingsReader {
  /** The value in force, typed by the table; only settings that have an effect can be read. */
  value<N extends EffectiveName>(name: N): ValueOf<N>
  /** The value in force as Kafka reports it; null when unset. */
  text(name: string): string | null
}

/** A setting that some source gave. */
export interface GivenSetting {
  name: string
  /** As it was written. */
  raw: string
  /** In Kafka's spelling. */
  text: string
  value: unknown
  /** Where it came from, for people: `server.properties:12`, `KAFKA_LOG_DIRS`, `--port`. */
  origin: string
}

/** A line for the log at start. */
export interface Notice {
  level: 'info' | 'warn'
  text: string
}

/** The settings cannot be used. The message has one line for each problem. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** What development mode chooses where nobody else does. */
const devSettings = {
  'log.flush.interval.messages': LONG_MAX,
  'group.initial.rebalance.delay.ms': '0',
}

type Written = { name: string; raw: string; origin: string }

export function loadConfig(sources: ConfigSources = {}): Config {
  const problems: string[] = []
  const written = writtenSettings(sources, problems)
  const given = new Map<string, GivenSetting>()
  for (const { name, raw, origin } of written) {
    const entry = settingsTable.get(name)
    const parsed = entry ? entry.setting.parse(raw) : { text: raw, value: raw }
    if (parsed) given.set(name, { name, raw, origin, ...parsed })
    else problems.push(problemLine(name, raw, origin, entry!.setting.allowed))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return new Config(given)
}

export class Config implements SettingsReader {
  /** What the sources gave, unknown names included; development mode's choices too. */
  readonly given: ReadonlyMap<string, GivenSetting>
  readonly listeners: readonly ListenerConfig[]
  readonly logDirs: readonly string[]
  readonly nodeId: number
  /** What the log shall say once at start. */
  readonly notices: readonly Notice[]

  /** Throws `ConfigError` where settings contradict each other. */
  constructor(given: ReadonlyMap<string, GivenSetting>) {
    this.given = given
    this.nodeId =
      this.isGiven('broker.id') && !this.isGiven('node.id') ? this.value('broker.id') : this.value('node.id')
    this.logDirs = this.value('log.dirs') ?? this.value('log.dir')
    const problems = contradictions(this)
    const { listeners, notices } = this.#listen(problems)
    if (problems.length > 0) throw new ConfigError(problems)
    this.listeners = listeners
    this.notices = [...idleNotices(given), ...quorumNotices(this), ...notices]
  }

  value<N extends EffectiveName>(name: N): ValueOf<N> {
    const given = this.given.get(name)
    return (given ? given.value : defaultValue(name)) as ValueOf<N>
  }

  /** For every name of the table and every given one. */
  text(name: string): string | null {
    return this.given.get(name)?.text ?? settingsTable.get(name)?.setting.default ?? null
  }

  isGiven(name: string): boolean {
    return this.given.has(name)
  }

  /** Where the value comes from; undefined for a default. */
  origin(name: string): string | undefined {
    return this.given.get(name)?.origin
  }

  #listen(problems: string[]): { listeners: readonly ListenerConfig[]; notices: readonly Notice[] } {
    try {
      const parsed = parseListeners({
        listeners: this.value('listeners'),
        advertised: this.value('advertised.listeners'),
        protocolMap: this.value('listener.security.protocol.map'),
        controllerNames: this.value('controller.listener.names') ?? [],
        interBrokerName: this.value('inter.broker.listener.name'),
      })
      return { listeners: parsed.listeners, notices: parsed.notices.map(text => ({ level: 'info', text })) }
    } catch (error) {
      if (!(error instanceof ListenerError)) throw error
      problems.push(`${error.setting}${place(this.origin(error.setting))} ${error.message}`)
      return { listeners: [], notices: [] }
    }
  }
}

/** All sources in order of strength; the last of a name counts. */
function writtenSettings(sources: ConfigSources, problems: string[]): Written[] {
  const written = [
    ...fileSettings(sources.file, problems),
    ...environmentSettings(sources.env ?? {}).map(({ name, text, variable }) =>
      writtenAs(name, text, variable),
    ),
    ...(sources.flags ?? []).map(({ name, text, flag }) => writtenAs(name, text, flag)),
    ...Object.entries(sources.overrides ?? {}).map(([name, value]) =>
      writtenAs(name, String(value), 'createBroker'),
    ),
  ]
  const dev = written.findLast(({ name }) => name === 'loggerhead.dev')
  if (dev?.raw.trim().toLowerCase() !== 'true') return written
  return [
    ...Object.entries(devSettings).map(([name, text]) => writtenAs(name, text, 'development mode')),
    ...written,
  ]
}

function fileSettings(file: ConfigSources['file'], problems: string[]): Written[] {
  if (!file) return []
  try {
    return parseProperties(file.text).map(({ name, text, line }) =>
      writtenAs(name, text, `${file.path}:${line}`),
    )
  } catch (error) {
    if (!(error instanceof PropertiesError)) throw error
    problems.push(`${file.path}, ${error.message}`)
    return []
  }
}

function writtenAs(name: string, raw: string, origin: string): Written {
  return { name, raw, origin }
}

function problemLine(name: string, raw: string, origin: string, allowed: string): string {
  return `${name}=${shownValue(name, raw)} (${origin}): must be ${allowed}`
}

function shownValue(name: string, text: string): string {
  return isSecret(name) ? '[hidden]' : text
}

/** A password, or a setting that nobody knows: its value is never shown. */
export function isSecret(name: string): boolean {
  const entry = settingsTable.get(name)
  return entry === undefined || entry.setting.type === 'PASSWORD'
}

function place(origin: string | undefined): string {
  return origin === undefined ? '' : ` (${origin})`
}

const defaultValues = new Map<string, unknown>()

function defaultValue(name: EffectiveName): unknown {
  if (!defaultValues.has(name)) {
    const { setting } = settingsTable.get(name)!
    defaultValues.set(name, setting.default === null ? null : setting.parse(setting.default)!.value)
  }
  return defaultValues.get(name)
}

function contradictions(config: Config): string[] {
  const problems: string[] = []
  const shown = (name: EffectiveName) => `${name}=${config.text(name)}${place(config.origin(name))}`
  const refuse = (name: EffectiveName, why: string) => problems.push(`${shown(name)}: ${why}`)
  if (
    config.isGiven('node.id') &&
    config.isGiven('broker.id') &&
    config.text('node.id') !== config.text('broker.id')
  ) {
    refuse('broker.id', `must be the same as node.id=${config.text('node.id')}; one of the two is enough`)
  }
  if (config.nodeId < 0) refuse('broker.id', 'must be 0 or more')
  if (!config.value('process.roles').includes('broker')) refuse('process.roles', 'must include broker')
  if (config.value('group.min.session.timeout.ms') > config.value('group.max.session.timeout.ms')) {
    refuse('group.min.session.timeout.ms', `must not be above ${shown('group.max.session.timeout.ms')}`)
  }
  if (config.value('log.cleaner.min.compaction.lag.ms') > config.value('log.cleaner.max.compaction.lag.ms')) {
    refuse(
      'log.cleaner.min.compaction.lag.ms',
      `must not be above ${shown('log.cleaner.max.compaction.lag.ms')}`,
    )
  }
  const dirs = config.isGiven('log.dirs') ? 'log.dirs' : 'log.dir'
  if (config.logDirs.length === 0) refuse(dirs, 'must name at least one folder')
  if (new Set(config.logDirs).size < config.logDirs.length) refuse(dirs, 'must not name a folder twice')
  const strangers = notLogDirs(config, config.value('cordoned.log.dirs'))
  if (strangers.length > 0) refuse('cordoned.log.dirs', `not in ${dirs}: ${strangers.join(', ')}`)
  return problems
}

/** Those of `cordoned.log.dirs` that are no log directories; a star is all of them. */
export function notLogDirs({ logDirs }: Pick<Config, 'logDirs'>, cordoned: readonly string[]): string[] {
  return cordoned.filter(name => name !== '*' && !logDirs.includes(name))
}

/** Settings that were given and change nothing, in one line a kind; those that repeat the default are no news. */
function idleNotices(given: ReadonlyMap<string, GivenSetting>): Notice[] {
  const unknown: string[] = []
  const later: string[] = []
  const none: string[] = []
  for (const { name, text, origin } of given.values()) {
    const entry = settingsTable.get(name)
    if (!entry) unknown.push(`${name} (${origin})`)
    else if (entry.effect === 'later' && text !== entry.setting.default) later.push(`${name} (${origin})`)
    else if (entry.effect === 'none' && text !== entry.setting.default) none.push(`${name} (${origin})`)
  }
  const lines: [string[], Notice['level'], string][] = [
    [unknown, 'warn', 'unknown settings, kept without effect'],
    [later, 'warn', 'settings without effect in this version'],
    [none, 'info', 'settings without effect here'],
  ]
  return lines
    .filter(([names]) => names.length > 0)
    .map(([names, level, what]) => ({ level, text: `${what}: ${names.join(', ')}` }))
}

function quorumNotices(config: Config): Notice[] {
  const names = ['controller.quorum.voters', 'controller.quorum.bootstrap.servers'] as const
  return names
    .filter(name => config.value(name).length > 1)
    .map(name => ({
      level: 'warn',
      text: `${name}${place(config.origin(name))} names other nodes: this one runs alone`,
    }))
}
