/**
 * The settings of a group: all of Kafka 4.3, each with its default from the broker's `group.NAME`, and bounded by the broker's
 * `group.KIND.min.…` and `group.KIND.max.…`. They are for the group protocols that are still to come (KIP-848, KIP-932, KIP-1071), so
 * they are checked, kept and reported.
 */
import { KafkaError } from '../protocol/errors.ts'
import type { SettingsReader } from './config.ts'
import { boolean, int, refusalOf, type Setting, string } from './config-setting.ts'
import { settingsTable } from './config-table.ts'

const startOffset = {
  test: /^(earliest|latest|by_duration:P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d{1,9})?S)?)?)$/,
  allowed: 'earliest, latest or by_duration:PnDTnHnMn.nS',
}

export const groupSettings: Readonly<Record<string, Setting>> = {
  'consumer.session.timeout.ms': int(45_000, { min: 1 }),
  'consumer.heartbeat.interval.ms': int(5_000, { min: 1 }),
  'consumer.assignment.interval.ms': int(1_000, { min: 0 }),
  'share.session.timeout.ms': int(45_000, { min: 1 }),
  'share.heartbeat.interval.ms': int(5_000, { min: 1 }),
  'share.record.lock.duration.ms': int(30_000, { min: 1_000 }),
  'share.delivery.count.limit': int(5, { min: 2 }),
  'share.partition.max.record.locks': int(2_000, { min: 100 }),
  'share.auto.offset.reset': string('latest', { pattern: startOffset }),
  'share.assignment.interval.ms': int(1_000, { min: 0 }),
  'share.isolation.level': string('read_uncommitted', { oneOf: ['read_committed', 'read_uncommitted'] }),
  'share.renew.acknowledge.enable': boolean(true),
  'streams.session.timeout.ms': int(45_000, { min: 1 }),
  'streams.heartbeat.interval.ms': int(5_000, { min: 1 }),
  'streams.num.standby.replicas': int(0, { min: 0 }),
  'streams.initial.rebalance.delay.ms': int(3_000, { min: 0 }),
  'streams.assignment.interval.ms': int(1_000, { min: 0 }),
}

const KINDS = ['consumer', 'share', 'streams']

/** Bounds whose names do not follow from the setting's. */
const MOST: Readonly<Record<string, string>> = {
  'streams.num.standby.replicas': 'group.streams.max.standby.replicas',
}

export function findGroupSetting(name: string): Setting | undefined {
  return Object.hasOwn(groupSettings, name) ? groupSettings[name] : undefined
}

/** The broker setting that gives a group setting its default; undefined where the default is the setting's own. */
export function findGroupDefault(name: string): string | undefined {
  const broker = `group.${name}`
  return settingsTable.has(broker) ? broker : undefined
}

/** Checks what shall be set for a group, all of it, and gives it in Kafka's spelling. */
export function parseGroupConfigs(
  settings: SettingsReader,
  wanted: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  for (const [name, text] of wanted) {
    const setting = findGroupSetting(name)
    if (!setting) throw new KafkaError('INVALID_CONFIG', `Unknown group config name: ${name}`)
    const parsed = setting.parse(text)
    if (!parsed) throw new KafkaError('INVALID_CONFIG', refusalOf(name, text, setting))
    given.set(name, parsed.text)
  }
  for (const [name, text] of given) requireWithinBounds(settings, name, text)
  const numberOf = (name: string) => Number(given.get(name) ?? groupDefaultText(settings, name))
  for (const kind of KINDS) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`]
    if (numberOf(session) <= numberOf(heartbeat)) refuse(`${session} must be greater than ${heartbeat}`)
  }
  return given
}

export function groupDefaultText(settings: SettingsReader, name: string): string | null {
  const broker = findGroupDefault(name)
  return (broker === undefined ? null : settings.text(broker)) ?? groupSettings[name]!.default
}

function requireWithinBounds(settings: SettingsReader, name: string, text: string): void {
  const dot = name.indexOf('.')
  const [kind, rest] = [name.slice(0, dot), name.slice(dot + 1)]
  const least = `group.${kind}.min.${rest}`
  const most = MOST[name] ?? `group.${kind}.max.${rest}`
  if (settingsTable.has(least) && Number(text) < Number(settings.text(least))) {
    refuse(`${name} must be greater than or equal to ${least}`)
  }
  if (settingsTable.has(most) && Number(text) > Number(settings.text(most))) {
    refuse(`${name} must be less than or equal to ${most}`)
  }
}

function refuse(why: string): never {
  throw new KafkaError('INVALID_CONFIG', why)
}
