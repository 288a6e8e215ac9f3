/**
 * The lock of a data folder: an exclusive transaction of SQLite, which Node carries, on the empty file `.lock`.
 *
 * SQLite takes a lock of the kernel that ends with the process, however that ends, so it is never stale; it holds between
 * processes, between brokers and threads of one process, and between containers that share the folder. Who holds it is written beside
 * it, in `.lock-holder`, for people to read. docs/decisions/0002-folder-lock.md says what else was weighed.
 *
 * Nothing in this process may open and close `.lock` by other means: POSIX drops a process's locks on any close of the file.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type DirectoryLock, LockedError } from '../disk.ts'

const SQLITE_BUSY = 5

/** Locks that are held, so that none is collected while its broker lives. */
const held = new Set<DatabaseSync>()

export function lockFolder(path: string, holder: string): DirectoryLock {
  statSync(path)
  const holderPath = join(path, '.lock-holder')
  const database = takeLock(join(path, '.lock'))
  if (!database) throw new LockedError(path, readHolder(holderPath))
  held.add(database)
  writeFileSync(
    holderPath,
    `${holder}, process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}\n`,
  )
  return {
    release: async () => {
      if (!held.delete(database)) return
      writeFileSync(holderPath, '')
      database.close()
    },
  }
}

function takeLock(file: string): DatabaseSync | undefined {
  const { DatabaseSync } = loadSqlite()
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined
    throw error
  }
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'another process'
  } catch {
    return 'another process'
  }
}

/** Loaded at the first lock only. Node 22 warns that its SQLite is experimental; what is used here is not in question. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).includes('SQLite')) Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
