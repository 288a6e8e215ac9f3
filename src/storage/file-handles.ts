import type { Disk, File, OpenOptions } from '../base/disk.ts'

/**
 * Open files by path, least recently used closed first, so that thousands of segments need few descriptors.
 *
 * A handle in use is never closed. The bound may be passed for a moment when everything is in use.
 */
const OPEN_FILES_MAX = 1_000

interface Handle {
  path: string
  file: Promise<File>
  /** Once it is open. */
  opened: File | undefined
  users: number
  closeWhenIdle: boolean
}

export class FileHandles {
  readonly #disk: Disk
  readonly max: number
  readonly #handles = new Map<string, Handle>()

  constructor(disk: Disk, max = OPEN_FILES_MAX) {
    this.#disk = disk
    this.max = max
  }

  get open(): number {
    return this.#handles.size
  }

  /** Runs with the file open; `create` makes it when it is missing. */
  async use<T>(path: string, mode: OpenOptions['mode'], run: (file: File) => Promise<T>): Promise<T> {
    const handle = this.#acquire(path, mode)
    try {
      return await run(await handle.file)
    } finally {
      handle.users--
      if (handle.users === 0 && handle.closeWhenIdle) await closeQuietly(handle)
    }
  }

  /** The file when it is open already, for a write on the caller's own turn. */
  findOpen(path: string): File | undefined {
    return this.#handles.get(path)?.opened
  }

  /** Closes a file before it is renamed or removed; waits for nobody: users finish with the handle they have. */
  async close(path: string): Promise<void> {
    const handle = this.#handles.get(path)
    if (!handle) return
    this.#handles.delete(path)
    handle.closeWhenIdle = true
    if (handle.users === 0) await closeQuietly(handle)
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#handles.keys()].map(path => this.close(path)))
  }

  #acquire(path: string, mode: OpenOptions['mode']): Handle {
    let handle = this.#handles.get(path)
    if (handle) {
      this.#handles.delete(path) // to the young end of the map's order
    } else {
      // Every segment file is opened for writing too: the same handle serves both, and reads never make a file.
      const file = this.#disk.open(path, { mode: mode === 'read' ? 'write' : mode })
      handle = { path, file, opened: undefined, users: 0, closeWhenIdle: false }
      const fresh = handle
      file.then(
        opened => {
          fresh.opened = opened
        },
        () => {
          if (this.#handles.get(path) === fresh) this.#handles.delete(path)
        },
      )
    }
    this.#handles.set(path, handle)
    handle.users++
    if (this.#handles.size > this.max) this.#closeOldest()
    return handle
  }

  #closeOldest(): void {
    for (const handle of this.#handles.values()) {
      if (this.#handles.size <= this.max) return
      if (handle.users === 0) void this.close(handle.path)
    }
  }
}

async function closeQuietly(handle: Handle): Promise<void> {
  try {
    await (await handle.file).close()
  } catch {
    // The file could not be opened, or its device is gone: who used it has seen the error.
  }
}
