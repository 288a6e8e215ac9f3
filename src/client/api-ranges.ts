/** Which version of an API two sides speak: the highest that both know. */
import type { AnyApi } from '../protocol/schema.ts'

export interface ApiRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

export class ApiRanges {
  readonly #byKey: ReadonlyMap<number, ApiRange>

  constructor(ranges: readonly ApiRange[]) {
    this.#byKey = new Map(ranges.map(range => [range.apiKey, range]))
  }

  /** Undefined when the peer does not serve the API, or only in versions that we do not know. */
  versionFor(api: AnyApi): number | undefined {
    const range = this.#byKey.get(api.key)
    if (!range) return undefined
    const [first, last] = api.versions as readonly [number, number]
    const version = Math.min(last, range.maxVersion)
    return version >= Math.max(first, range.minVersion) ? version : undefined
  }
}
