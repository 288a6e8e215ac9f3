/**
 * An open file of the operating system. Reads and writes are positional, so calls may overlap.
 *
 * Invariants:
 * - a descriptor is closed only when no call on it is under way, and never used afterwards: its number may belong to another file;
 * - after a failed sync, or a failed write on a file with dsync, no sync and no such write is tried again.
 *
 * It uses the callback functions of `node:fs`: through its promises, calls cost some 15 % more.
 */
import * as fs from 'node:fs'
import type { File, OpenOptions } from '../disk.ts'

/** Node refuses more than 2^31−1 bytes in one call. */
const CALL_BYTES_MAX = 2 ** 30

export interface NodeFileOptions extends OpenOptions {
  /** Stands in for O_DSYNC where that does not reach the medium. */
  syncAfterWrite: boolean
}

export class NodeFile implements File {
  readonly path: string
  readonly #descriptor: number
  readonly #options: NodeFileOptions
  #underWay = 0
  #closed = false
  #whenIdle: (() => void) | undefined
  #syncFailure: Error | undefined

  constructor(path: string, descriptor: number, options: NodeFileOptions) {
    this.path = path
    this.#descriptor = descriptor
    this.#options = options
  }

  read(position: number, into: Uint8Array): Promise<number> {
    return this.#run<number>('read', (resolve, reject) => {
      let done = 0
      const next = () => {
        const length = Math.min(into.length - done, CALL_BYTES_MAX)
        fs.read(this.#descriptor, into, done, length, position + done, (error, count) => {
          if (error) return reject(error)
          done += count
          if (count === 0 || done === into.length) resolve(done)
          else next()
        })
      }
      if (into.length === 0) resolve(0)
      else next()
    })
  }

  async write(position: number, parts: readonly Uint8Array[]): Promise<void> {
    const { dsync, syncAfterWrite } = this.#options
    if (dsync && this.#syncFailure) throw this.#syncFailure
    try {
      await (parts.length === 1 ? this.#writeOne(position, parts[0]!) : this.#writeMany(position, parts))
    } catch (error) {
      if (dsync) this.#syncFailure ??= error as Error
      throw error
    }
    if (syncAfterWrite) await this.sync()
  }

  writeNow(position: number, bytes: Uint8Array): void {
    if (this.#closed) throw closedError(this.path, 'write')
    if (this.#options.dsync)
      throw new Error(`${this.path} is open with dsync: writeNow would block on the disk`)
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, CALL_BYTES_MAX)
      done += fs.writeSync(this.#descriptor, bytes, done, length, position + done)
    }
  }

  async sync(): Promise<void> {
    if (this.#syncFailure) throw this.#syncFailure
    try {
      await this.#run<void>('fdatasync', (resolve, reject) => {
        fs.fdatasync(this.#descriptor, error => (error ? reject(error) : resolve()))
      })
    } catch (error) {
      this.#syncFailure ??= error as Error
      throw error
    }
    // Another sync of this file may have failed meanwhile, and taken the error that concerned this one.
    if (this.#syncFailure) throw this.#syncFailure
  }

  truncate(size: number): Promise<void> {
    return this.#run<void>('ftruncate', (resolve, reject) => {
      fs.ftruncate(this.#descriptor, size, error => (error ? reject(error) : resolve()))
    })
  }

  size(): Promise<number> {
    return this.#run<number>('fstat', (resolve, reject) => {
      fs.fstat(this.#descriptor, (error, stats) => (error ? reject(error) : resolve(stats.size)))
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#underWay > 0) {
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
    }
    await new Promise<void>((resolve, reject) => {
      fs.close(this.#descriptor, error => (error ? reject(error) : resolve()))
    })
  }

  #writeOne(position: number, bytes: Uint8Array): Promise<void> {
    return this.#run<void>('write', (resolve, reject) => {
      let done = 0
      const next = () => {
        const length = Math.min(bytes.length - done, CALL_BYTES_MAX)
        fs.write(this.#descriptor, bytes, done, length, position + done, (error, count) => {
          if (error) return reject(error)
          done += count
          if (done === bytes.length) resolve()
          else next()
        })
      }
      if (bytes.length === 0) resolve()
      else next()
    })
  }

  #writeMany(position: number, parts: readonly Uint8Array[]): Promise<void> {
    return this.#run<void>('writev', (resolve, reject) => {
      let left = withoutFirst(parts, 0)
      let at = position
      const next = () => {
        fs.writev(this.#descriptor, left, at, (error, count) => {
          if (error) return reject(error)
          at += count
          left = withoutFirst(left, count)
          if (left.length === 0) resolve()
          else next()
        })
      }
      if (left.length === 0) resolve()
      else next()
    })
  }

  /** Counts a call while it is under way, so that `close` waits for it. */
  #run<T>(
    operation: string,
    start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) {
        reject(closedError(this.path, operation))
        return
      }
      this.#underWay++
      start(
        value => {
          this.#finish()
          resolve(value)
        },
        error => {
          this.#finish()
          reject(error)
        },
      )
    })
  }

  #finish(): void {
    this.#underWay--
    if (this.#underWay === 0) this.#whenIdle?.()
  }
}

/** The parts that remain after a short write of `count` bytes; empty parts go. */
export function withoutFirst(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  const left: Uint8Array[] = []
  for (const part of parts) {
    if (count < part.length) left.push(count === 0 ? part : part.subarray(count))
    count = Math.max(0, count - part.length)
  }
  return left
}

function closedError(path: string, operation: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`EBADF: the file is closed, ${operation} '${path}'`)
  error.code = 'EBADF'
  error.path = path
  return error
}
