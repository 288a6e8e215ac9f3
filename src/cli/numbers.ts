/** Whole numbers as they are typed on a command line. */
import { UsageError } from './failure.ts'

/** From 1 on. */
export function parseCount(text: string, option: string): number {
  const value = parseWhole(text, option)
  if (value === 0) throw new UsageError(`${option} ${text}: must be at least 1`)
  return value
}

/** From 0 on. */
export function parseWhole(text: string, option: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option} ${text}: must be a whole number`)
  return Number(text)
}

/** Numbers separated by commas, as of partitions. */
export function parseList(text: string, option: string): number[] {
  return text.split(',').map(part => {
    if (!/^\d{1,9}$/.test(part.trim()))
      throw new UsageError(`${option} ${text}: must be whole numbers, separated by commas`)
    return Number(part)
  })
}
