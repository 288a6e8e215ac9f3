/**
 * Files, handed in. `NodeDisk` is the real one; `MemoryDisk` can lose power, tear writes and fail.
 *
 * Durability rules that every user of this interface follows:
 * - bytes are safe only after `sync` (or a write on a file opened with `dsync`) has resolved;
 * - a created, renamed or removed name is safe only after `syncDirectory` of its folder;
 * - after one failed `sync` the file is not to be trusted again: every later `sync` on it rejects too
 *   (after fsync fails Linux marks the pages clean, so a retry would lie).
 */
export interface File {
  readonly path: string
  /** Fills `into` from `position`; resolves with the number of bytes read, short only at the end of the file. */
  read(position: number, into: Uint8Array): Promise<number>
  /** Writes all parts one after another from `position` on; never short. */
  write(position: number, parts: readonly Uint8Array[]): Promise<void>
  /** The same, at once, on the caller's turn: only for small writes into the page cache. */
  writeNow(position: number, bytes: Uint8Array): void
  /** Makes what was written durable (fdatasync). */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface OpenOptions {
  /** `read`: must exist. `write`: must exist. `create`: made when missing. `replace`: made, or emptied. */
  mode: 'read' | 'write' | 'create' | 'replace'
  /** Every write is durable when it resolves (O_DSYNC); covers that write's bytes only. */
  dsync?: boolean
}

export interface DiskSpace {
  /** Bytes that an unprivileged process may still take. */
  availableBytes: number
  totalBytes: number
}

export interface Disk {
  /** The path from the root on: what a relative one means to this process. */
  absolute(path: string): string
  open(path: string, options: OpenOptions): Promise<File>
  /** Replaces `to` at once when it exists. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file. Rejects with code ENOENT when there is none. */
  remove(path: string): Promise<void>
  /** Removes a folder and all in it; no error when it is missing. */
  removeDirectory(path: string): Promise<void>
  /** Names in a folder, sorted. Rejects with code ENOENT when there is none. */
  list(path: string): Promise<string[]>
  /** Makes a folder with its parents; no error when it exists. */
  makeDirectory(path: string): Promise<void>
  exists(path: string): Promise<boolean>
  syncDirectory(path: string): Promise<void>
  space(path: string): Promise<DiskSpace>
  /**
   * Takes the folder's lock (`.lock`) for this process; the lock vanishes with the process, kill -9 included.
   * Rejects with `LockedError`, which names the holder.
   */
  lock(path: string, holder: string): Promise<DirectoryLock>
}

export interface DirectoryLock {
  release(): Promise<void>
}

export class LockedError extends Error {
  override name = 'LockedError'
  readonly path: string
  readonly holder: string
  constructor(path: string, holder: string) {
    super(`${path} is in use by ${holder}`)
    this.path = path
    this.holder = holder
  }
}

/** Bytes on disk that are not what was written there. Carries the place, so that it can be reported and repaired. */
export class CorruptionError extends Error {
  override name = 'CorruptionError'
  readonly file: string
  readonly position: number
  constructor(file: string, position: number, reason: string) {
    super(`${file} is damaged at position ${position}: ${reason}`)
    this.file = file
    this.position = position
  }
}

/** True for an error of the operating system with this code (ENOENT, ENOSPC, EIO …), real or injected. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}

/** An error of the operating system, of whichever code. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
}

export async function readWhole(disk: Disk, path: string): Promise<Buffer> {
  const file = await disk.open(path, { mode: 'read' })
  try {
    const bytes = Buffer.allocUnsafeSlow(await file.size())
    const length = await file.read(0, bytes)
    return bytes.subarray(0, length)
  } finally {
    await file.close()
  }
}

/** The file's bytes, or undefined when there is no such file. */
export async function readIfExists(disk: Disk, path: string): Promise<Buffer | undefined> {
  try {
    return await readWhole(disk, path)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Replaces a file so that a crash leaves the old bytes or the new ones: write aside, sync, rename, sync the folder.
 * The one place where this order is written down.
 */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.tmp`
  const file = await disk.open(aside, { mode: 'replace' })
  try {
    await file.write(0, [bytes])
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(aside, path)
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/')
}
