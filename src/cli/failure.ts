/** Errors as one line that says what to do. What nobody foresaw keeps its stack, because it is a defect of ours. */
import { CorruptionError, hasCode, LockedError } from '../base/disk.ts'
import { ConfigError } from '../broker/config.ts'
import { HttpServerError } from '../console/http-server.ts'
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
  if (error instanceof CorruptionError) return failed(`${error.message}: see loggerhead check`)
  const known = error instanceof Error ? systemAdvice(error as NodeJS.ErrnoException) : undefined
  if (known) return failed(known)
  return failed(error instanceof Error ? (error.stack ?? error.message) : String(error))
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
  if (hasCode(error, 'EROFS')) return `${where} is on a read-only file system`
  return undefined
}

function failed(line: string): Failure {
  return { lines: [line], exitCode: 1 }
}
