/** Names that somebody may have meant: those that few typing errors away are the one that was typed. */
const SUGGESTIONS_MAX = 3

/** The closest first; none when nothing is close. */
export function closeNames(typed: string, names: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(typed.length / 3))
  return [...names]
    .map(name => ({ name, distance: distanceOf(typed.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= limit || (typed.length >= 3 && name.startsWith(typed)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ name }) => name)
}

/** `, did you mean a or b?`, or nothing. */
export function suggestion(typed: string, names: Iterable<string>): string {
  const close = closeNames(typed, names)
  return close.length === 0 ? '' : `, did you mean ${close.join(' or ')}?`
}

/** Letters inserted, removed, replaced, or swapped with their neighbour. */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) least = Math.min(least, beforeLast[j - 2]! + 1)
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
