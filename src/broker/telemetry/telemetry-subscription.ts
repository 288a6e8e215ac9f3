import { LinearPattern, PatternError } from '../../base/linear-pattern.ts'

/**
 * Who is to push which metrics, and how often (KIP-714): one resource of type CLIENT_METRICS, read from the texts of its settings.
 *
 *   interval.ms   time between two pushes
 *   metrics       beginnings of metric names, or `*` for all; nothing when empty
 *   match         client_id=PATTERN and the like, all of which must match; everybody when empty
 */
export const PUSH_INTERVAL_MS = 300_000
export const ALL_METRICS = '*'

/** What a subscription can tell clients apart by, under the names that `match` uses. */
export interface TelemetryClient {
  readonly client_instance_id: string
  readonly client_id: string
  readonly client_software_name: string
  readonly client_software_version: string
  readonly client_source_address: string
  readonly client_source_port: string
}

export interface TelemetrySubscription {
  readonly intervalMs: number
  readonly metrics: readonly string[]
  matches(client: TelemetryClient): boolean
}

export function readSubscription(configs: ReadonlyMap<string, string>): TelemetrySubscription {
  const intervalMs = Number(configs.get('interval.ms') ?? PUSH_INTERVAL_MS)
  const selectors = itemsOf(configs.get('match')).map(readSelector)
  return {
    intervalMs,
    metrics: itemsOf(configs.get('metrics')),
    matches: client => selectors.every(selects => selects(client)),
  }
}

function itemsOf(text = ''): string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

type Selector = (client: TelemetryClient) => boolean

/** A selector that cannot be read selects nobody: settings are checked when they are set, and old ones must not stop a request. */
function readSelector(text: string): Selector {
  const [name = '', source = ''] = text.split('=', 2).map(part => part.trim())
  try {
    const pattern = new LinearPattern(source)
    return client => isSelectorName(name, client) && pattern.matches(client[name])
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return () => false
  }
}

function isSelectorName(name: string, client: TelemetryClient): name is keyof TelemetryClient {
  return Object.hasOwn(client, name)
}
