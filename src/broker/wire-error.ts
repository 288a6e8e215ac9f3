import { AssertionError } from '../base/assert.ts'
import { CorruptionError } from '../base/disk.ts'
import type { Logger } from '../base/logger.ts'
import { ErrorCode, errorCodeOf, KafkaError } from '../protocol/errors.ts'
import { DecodeError } from '../protocol/reader.ts'

/** What a client is told of an error. */
export interface WireError {
  errorCode: number
  errorMessage: string | null
}

/**
 * The code and text for an error, whatever it is. What no client can be blamed for is logged: damage with its place, everything unknown with
 * its stack. Nothing of the inside is told to clients. A failed assertion is thrown on, and stops the broker.
 */
export function wireErrorOf(error: unknown, logger: Logger): WireError {
  if (error instanceof AssertionError) throw error
  if (error instanceof KafkaError) return { errorCode: error.code, errorMessage: error.message }
  if (error instanceof DecodeError) return { errorCode: errorCodeOf(error), errorMessage: error.message }
  if (error instanceof CorruptionError) {
    const { file, position } = error
    logger.limited(`damage ${file}`, { event: 'damage', file, position }, error.message)
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage: 'the log is damaged there' }
  }
  const stack = error instanceof Error ? error.stack : String(error)
  logger.error({ event: 'unknown-error', stack }, 'a request failed for a reason that is ours')
  return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null }
}
