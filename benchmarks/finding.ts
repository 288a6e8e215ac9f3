/**
 * A finding: one number of a row, measured several times on each side in turn, and what it must be. Ratios are
 * taken round by round, so that a slow moment of the machine falls on both sides, and the median of them counts.
 */
export interface Must {
  /** ratio: ours divided by Kafka's; value: ours alone. */
  of: 'ratio' | 'value'
  atLeast?: number
  atMost?: number
}

export interface Finding {
  what: string
  unit: string
  ours: readonly number[]
  kafka: readonly number[]
  must?: Must
  note?: string
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function ratios({ ours, kafka }: Finding): number[] {
  return ours.slice(0, kafka.length).map((value, round) => value / kafka[round]!)
}

export type Verdict = 'pass' | 'fail' | '–'

export function verdict(finding: Finding): Verdict {
  const { must } = finding
  if (!must) return '–'
  const judged = must.of === 'ratio' ? median(ratios(finding)) : median(finding.ours)
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = must
  return judged >= atLeast && judged <= atMost ? 'pass' : 'fail'
}
