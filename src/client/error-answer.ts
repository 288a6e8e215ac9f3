/** The error codes of answers, as errors. */
import { ErrorCode, errorName, KafkaError } from '../protocol/errors.ts'

/** Undefined for NONE. */
export function errorOf(code: number, message?: string | null): KafkaError | undefined {
  if (code === ErrorCode.NONE) return undefined
  const name = errorName(code)
  if (name) return new KafkaError(name, message || name)
  return new KafkaError('UNKNOWN_SERVER_ERROR', message || `the broker answers error ${code}`)
}

export function requireSuccess(code: number, message?: string | null): void {
  const error = errorOf(code, message)
  if (error) throw error
}
