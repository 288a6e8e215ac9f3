/**
 * The settings of a subscription of client metrics (KIP-714): which metrics, how often, of which clients. Here they are checked; who
 * serves clients reads them from the metadata.
 */
import { LinearPattern, PatternError } from '../base/linear-pattern.ts'
import { KafkaError } from '../protocol/errors.ts'
import { int, list, refusalOf, type Setting } from './config-setting.ts'

const INTERVAL_MS_MIN = 100
const INTERVAL_MS_MAX = 3_600_000

export const clientMetricsSettings: Readonly<Record<string, Setting>> = {
  metrics: list(''),
  'interval.ms': int(300_000),
  match: list(''),
}

/** What of a client a pattern may look at. */
const SELECTORS = new Set([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
])

function findClientMetricsSetting(name: string): Setting | undefined {
  return Object.hasOwn(clientMetricsSettings, name) ? clientMetricsSettings[name] : undefined
}

/** Checks what shall be set for a subscription, all of it, and gives it in Kafka's spelling. */
export function parseClientMetricsConfigs(
  subscription: string,
  wanted: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (subscription === '') throw new KafkaError('INVALID_REQUEST', "Subscription name can't be empty")
  const given = new Map<string, string>()
  for (const [name, text] of wanted) {
    const setting = findClientMetricsSetting(name)
    if (!setting) throw new KafkaError('INVALID_REQUEST', `Unknown client metrics configuration: ${name}`)
    const parsed = setting.parse(text)
    if (!parsed) throw new KafkaError('INVALID_CONFIG', refusalOf(name, text, setting))
    given.set(name, parsed.text)
  }
  const interval = Number(given.get('interval.ms') ?? INTERVAL_MS_MIN)
  if (interval < INTERVAL_MS_MIN || interval > INTERVAL_MS_MAX) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Invalid value ${interval} for interval.ms, interval must be between ${INTERVAL_MS_MIN} and ${INTERVAL_MS_MAX} (1 hour)`,
    )
  }
  for (const pattern of (given.get('match') || null)?.split(',') ?? []) requirePattern(pattern)
  return given
}

function requirePattern(pattern: string): void {
  const [selector = '', expression, ...rest] = pattern.split('=')
  const isWhole = expression !== undefined && expression !== '' && rest.length === 0
  if (isWhole && SELECTORS.has(selector.trim()) && isExpression(expression.trim())) return
  throw new KafkaError('INVALID_CONFIG', `Illegal client matching pattern: ${pattern}`)
}

function isExpression(text: string): boolean {
  try {
    new LinearPattern(text)
    return true
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return false
  }
}
