/** Options that may be repeated, and those that are `name=value`. */
import { UsageError } from './failure.ts'

export function collect(text: string, earlier: readonly string[]): string[] {
  return [...earlier, text]
}

/** The value may be empty and may hold further equals signs. */
export function parsePair(text: string, what: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`${what} ${text}: must be name=value`)
  return [text.slice(0, at).trim(), text.slice(at + 1)]
}
