/** Errors as one line that says what to do. What nobody foresaw keeps its stack, because it is a defect of ours. */
import { CorruptionError, hasCode, LockedError } from '../base/disk.ts'
import { ConfigError } from '../broker/config.ts'
import { formatAddress } from '../client/address.ts'
import { ConnectionError } from '../client/connection-error.ts'
import { HttpServerError } from '../console/http-server.ts'
import { type ErrorName, KafkaError } from '../protocol/errors.ts'
import { DecodeError } from '../protocol/reader.ts'
import { DataFolderError } from '../storage/data-folder.ts'

export interface Failure {
  lines: readonly string[]
  exitCode: number
}

/** The command was used in a wrong way; the message says what is right. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** What the command was given to work on cannot be worked on; the message says why, in one line. */
export class InputError extends Error {
  override name = 'InputError'
}

export function explain(error: unknown): Failure {
  if (error instanceof ConfigError) return { lines: error.problems, exitCode: 2 }
  if (error instanceof UsageError) return { lines: [error.message], exitCode: 2 }
  if (error instanceof InputError) return failed(error.message)
  if (error instanceof DataFolderError) return failed(error.message)
  if (error instanceof HttpServerError) return failed(error.message)
  if (error instanceof LockedError) {
    return failed(`${error.message}: stop it, or choose another folder with --data`)
  }
  if (error instanceof ConnectionError) return failed(connectionAdvice(error))
  if (error instanceof KafkaError) return failed(kafkaText(error))
  if (error instanceof DecodeError) return failed(`an answer of the broker cannot be read: ${error.message}`)
  if (error instanceof CorruptionError) return failed(`${error.message}: see loggerhead check`)
  const known = error instanceof Error ? systemAdvice(error as NodeJS.ErrnoException) : undefined
  if (known) return failed(known)
  return failed(error instanceof Error ? (error.stack ?? error.message) : String(error))
}

function connectionAdvice({ address, code, message }: ConnectionError): string {
  const broker = formatAddress(address)
  const other = 'another address goes into --brokers or LOGGERHEAD_BROKERS'
  switch (code) {
    case 'ECONNREFUSED':
      return `no broker at ${broker} (connection refused): is one running? loggerhead start starts one; ${other}`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${address.host} is unknown to the name service: ${other}`
    case 'ETIMEDOUT':
      return `${message}: is that a Kafka port, and no firewall in between? --timeout waits longer, ${other}`
    default:
      return code === undefined ? message : `${message}: ${other}`
  }
}

/** What can be done about some of Kafka's errors, where their message does not say it. */
const advice: Partial<Record<ErrorName, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'loggerhead topic list shows what there is',
  TOPIC_ALREADY_EXISTS: 'loggerhead topic describe shows it',
  INVALID_REPLICATION_FACTOR: 'there are fewer brokers; leave --replicas away',
  GROUP_ID_NOT_FOUND: 'loggerhead group list shows what there is',
  NON_EMPTY_GROUP: 'the group has members: stop them first',
  GROUP_SUBSCRIBED_TO_TOPIC: 'the group has members: stop them first',
  MESSAGE_TOO_LARGE: 'the topic takes less in one record; see its max.message.bytes',
  RECORD_LIST_TOO_LARGE: 'the topic takes less in one batch; see its segment.bytes',
  INVALID_RECORD: 'a compacted topic wants a key in every record',
  NOT_ENOUGH_REPLICAS: 'too few replicas are in sync; see the min.insync.replicas of the topic',
  COORDINATOR_NOT_AVAILABLE: 'the brokers are still starting, or too few of them run',
  TOPIC_AUTHORIZATION_FAILED: 'this user may not do that',
  GROUP_AUTHORIZATION_FAILED: 'this user may not do that',
  CLUSTER_AUTHORIZATION_FAILED: 'this user may not do that',
}

/** What a broker answers, with Kafka's name for it and what can be done. */
export function kafkaText({ error, message }: KafkaError): string {
  const text = message === error ? error : `${message.replace(/[.\s]+$/, '')} (${error})`
  const todo = advice[error]
  return todo === undefined ? text : `${text}: ${todo}`
}

function systemAdvice(
  error: NodeJS.ErrnoException & { address?: string; port?: number },
): string | undefined {
  const where = error.path ?? `${error.address ?? ''}:${error.port ?? ''}`
  if (hasCode(error, 'EADDRINUSE')) {
    return `${where} is taken: stop what listens there, or choose another port with --port`
  }
  if (hasCode(error, 'EADDRNOTAVAIL'))
    return `${where} is no address of this machine: choose another with --host`
  if (hasCode(error, 'ENOENT')) return `${where} does not exist`
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) {
    return `no permission for ${where}: run as its owner, or choose another`
  }
  if (hasCode(error, 'ENOTDIR')) return `${where} is not a folder`
  if (hasCode(error, 'EISDIR')) return `${where} is a folder, not a file`
  if (hasCode(error, 'ENOSPC')) return `no space left for ${where}`
  if (hasCode(error, 'ESPIPE')) return `${where} is a pipe: read it from standard input`
  if (hasCode(error, 'EROFS')) return `${where} is on a read-only file system`
  return undefined
}

function failed(line: string): Failure {
  return { lines: [line], exitCode: 1 }
}
