/**
 * Which broker settings may change while the broker runs, and for whom, by Kafka's rules (KIP-226): some for all brokers or for one,
 * some for one broker only, some only for a listener, under its prefix. Names that nobody knows are kept, as at a start.
 */
import { KafkaError } from '../protocol/errors.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { notLogDirs } from './config.ts'
import { LONG_MAX, long, refusalOf, type Setting } from './config-setting.ts'
import { settingsTable } from './config-table.ts'

/** Kafka knows these only as dynamic settings. */
const dynamicOnly: ReadonlyMap<string, Setting> = new Map(
  [
    'follower.replication.throttled.rate',
    'leader.replication.throttled.rate',
    'replica.alter.log.dirs.io.max.bytes.per.second',
  ].map(name => [name, long(LONG_MAX, { min: 0, dynamic: true })]),
)

const LISTENER_PREFIX = /^listener\.name\.[^.]*\.(.*)$/
const OF_STORES = /^ssl\.(keystore|truststore)\.|^ssl\.key\.password$/
/** Of what concerns connections, these hold for all brokers. */
const FOR_ALL = new Set(['max.connections', 'max.connection.creation.rate', 'num.network.threads'])
const FOR_ONE = new Set(['listeners', 'listener.security.protocol.map', 'principal.builder.class'])
/** Kafka lets the number of threads no more than double or halve at once. */
const THREADS = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
]
/** Sockets are bound at the start. */
const BOUND_AT_START = ['listeners', 'listener.security.protocol.map']

/** The setting that a name stands for, also under a listener's prefix. */
export function findDynamicSetting(name: string): Setting | undefined {
  const [, base = name] = LISTENER_PREFIX.exec(name) ?? []
  return settingsTable.get(base)?.setting ?? dynamicOnly.get(base)
}

/** Whether DescribeConfigs calls it read-only; a name that nobody knows is, though it can be set. */
export function isDynamic(name: string): boolean {
  return (settingsTable.get(name)?.setting ?? dynamicOnly.get(name))?.dynamic === true
}

/** Checks all that shall be set for one broker, or for all. Throws INVALID_REQUEST, as Kafka does. */
export function requireDynamic(
  settings: BrokerSettings,
  wanted: ReadonlyMap<string, string>,
  isForOne: boolean,
): void {
  const names = [...wanted.keys()]
  refuseAll(
    names.filter(name => settingsTable.has(name) && !isDynamic(name)),
    'Cannot update these configs dynamically',
  )
  refuseAll(
    names.filter(name => isDynamic(name) && OF_STORES.test(name)),
    'These security configs can be dynamically updated only per-listener using the listener prefix',
  )
  for (const [name, text] of wanted) {
    const setting = findDynamicSetting(name)
    if (setting && !setting.parse(text)) refuse(refusalOf(name, text, setting))
  }
  if (!isForOne) {
    refuseAll(
      names.filter(isForOneOnly),
      'Cannot update these configs at default cluster level, broker id must be specified',
    )
  }
  requireApplicable(settings, wanted)
}

function isForOneOnly(name: string): boolean {
  const prefixed = LISTENER_PREFIX.exec(name)
  if (prefixed) return !FOR_ALL.has(prefixed[1]!)
  return isDynamic(name) && (FOR_ONE.has(name) || /^(ssl|sasl)\./.test(name))
}

/** What depends on the settings in force. */
function requireApplicable(settings: BrokerSettings, wanted: ReadonlyMap<string, string>): void {
  for (const name of BOUND_AT_START) {
    const text = wanted.get(name)
    if (text === undefined || text.trim() === settings.config.text(name)) continue
    refuse(`${name} is bound at the start: set it where the broker is started from`)
  }
  for (const name of THREADS) {
    const text = wanted.get(name)
    if (text !== undefined) requireGradual(name, Number(text), Number(settings.text(name)))
  }
  const cordoned = (wanted.get('cordoned.log.dirs') ?? '').split(',').map(name => name.trim())
  refuseAll(
    notLogDirs(
      settings.config,
      cordoned.filter(name => name !== ''),
    ),
    'All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries',
  )
  const overrides =
    wanted.get('max.connections.per.ip.overrides') ?? settings.text('max.connections.per.ip.overrides')
  if (Number(wanted.get('max.connections.per.ip') ?? 1) === 0 && !overrides) {
    refuse(
      'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.',
    )
  }
  const [least, most] = ['log.cleaner.min.compaction.lag.ms', 'log.cleaner.max.compaction.lag.ms'] as const
  const numberOf = (name: typeof least | typeof most) => Number(wanted.get(name) ?? settings.text(name))
  if (numberOf(least) > numberOf(most)) refuse(`${least} must not be above ${most}`)
}

function requireGradual(name: string, wanted: number, present: number): void {
  const failed = `Dynamic thread count update validation failed for ${name}=${wanted}`
  if (wanted < present / 2) refuse(`${failed}, value should be at least half the current value ${present}`)
  if (wanted > present * 2) {
    refuse(`${failed}, value should not be greater than double the current value ${present}`)
  }
}

function refuseAll(names: readonly string[], why: string): void {
  if (names.length > 0) refuse(`${why}: [${names.join(', ')}]`)
}

function refuse(why: string): never {
  throw new KafkaError('INVALID_REQUEST', why)
}
