/**
 * Times as people write them: milliseconds (13 digits) or seconds (10 digits) since 1970, `2026-03-01`, `2026-03-01T12:00:00Z`, or how
 * long ago: `-90s`, `-15m`, `-2h`, `-1d`.
 */
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds since 1970; undefined for what is no time. */
export function parseTime(text: string, nowMs: number): number | undefined {
  if (/^\d{13}$/.test(text)) return Number(text)
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000
  const ago = /^-(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text)
  if (ago) return Math.round(nowMs - Number(ago[1]) * unitsMs[ago[2]!]!)
  if (!/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(text))
    return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

export const TIME_EXAMPLES = '1772323200000, 2026-03-01, 2026-03-01T12:00:00Z or -2h'
