/** An open file of a `MemoryDisk`. It dies with its process: after a crash every call rejects. */
import type { File, OpenOptions } from '../disk.ts'
import { type FaultRule, type OperationKind, systemError } from './disk-faults.ts'
import type { FileNode, FolderNode } from './memory-node.ts'

/** What an open file needs of its disk. */
export interface FileHost {
  /** Waits for the operation's turn; rejects when the disk is dead; gives the fault to apply. */
  enter(kind: OperationKind | undefined, path: string): Promise<FaultRule | undefined>
  /** The same on the caller's turn. */
  enterNow(kind: OperationKind, path: string): FaultRule | undefined
  nextSequence(): number
  /** How many more bytes fit. */
  room(): number
  readonly fileSyncKeepsName: boolean
}

export class MemoryFile implements File {
  readonly path: string
  readonly #host: FileHost
  readonly #node: FileNode
  readonly #folder: FolderNode
  readonly #options: OpenOptions
  #closed = false
  #syncFailure: Error | undefined

  constructor(host: FileHost, path: string, node: FileNode, folder: FolderNode, options: OpenOptions) {
    this.#host = host
    this.path = path
    this.#node = node
    this.#folder = folder
    this.#options = options
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    this.#requireOpen('read')
    const fault = await this.#host.enter('read', this.path)
    if (fault?.code) throw systemError(fault.code, 'read', this.path)
    return this.#node.visible.read(position, into.subarray(0, fault?.bytes))
  }

  async write(position: number, parts: readonly Uint8Array[]): Promise<void> {
    this.#requireWritable('write')
    if (this.#options.dsync && this.#syncFailure) throw this.#syncFailure
    const fault = await this.#host.enter('write', this.path)
    const sequences: number[] = []
    try {
      for (const part of parts) {
        sequences.push(this.#put(position, part, fault))
        position += part.length
      }
    } catch (error) {
      if (this.#options.dsync) this.#latch(error as Error)
      throw error
    }
    if (!this.#options.dsync) return
    await this.#host.enter(undefined, this.path)
    for (const sequence of sequences) this.#node.commitWrite(sequence)
  }

  writeNow(position: number, bytes: Uint8Array): void {
    this.#requireWritable('write')
    if (this.#options.dsync)
      throw new Error(`${this.path} is open with dsync: writeNow would block on the disk`)
    this.#put(position, bytes, this.#host.enterNow('write', this.path))
  }

  async sync(): Promise<void> {
    this.#requireOpen('fdatasync')
    if (this.#syncFailure) throw this.#syncFailure
    const fault = await this.#host.enter('sync', this.path)
    const covered = this.#host.nextSequence()
    if (fault?.code) {
      this.#latch(systemError(fault.code, 'fdatasync', this.path))
      throw this.#syncFailure
    }
    await this.#host.enter(undefined, this.path)
    if (this.#syncFailure) throw this.#syncFailure
    this.#node.commit(covered)
    if (this.#host.fileSyncKeepsName) this.#folder.commitNode(this.#node)
  }

  async truncate(size: number): Promise<void> {
    this.#requireWritable('ftruncate')
    const fault = await this.#host.enter('truncate', this.path)
    if (fault?.code) throw systemError(fault.code, 'ftruncate', this.path)
    this.#node.truncate(size, this.#host.nextSequence())
  }

  async size(): Promise<number> {
    this.#requireOpen('fstat')
    await this.#host.enter(undefined, this.path)
    return this.#node.visible.size
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#host.enter(undefined, this.path)
  }

  /** Writes what fits; a full disk or a fault may leave a part. */
  #put(position: number, bytes: Uint8Array, fault: FaultRule | undefined): number {
    const growth = position + bytes.length - this.#node.visible.size
    const room = this.#host.room()
    const fitting = growth > room ? Math.max(0, bytes.length - (growth - room)) : bytes.length
    const written = fault?.code ? Math.min(fault.bytes ?? 0, fitting) : fitting
    const sequence = this.#host.nextSequence()
    if (written > 0) this.#node.write(position, bytes.subarray(0, written), sequence)
    if (fault?.code) throw systemError(fault.code, 'write', this.path)
    if (fitting < bytes.length) throw systemError('ENOSPC', 'write', this.path)
    return sequence
  }

  #latch(error: Error): void {
    this.#syncFailure = error
    this.#node.forgetPending()
  }

  #requireOpen(operation: string): void {
    if (this.#closed) throw systemError('EBADF', operation, this.path)
  }

  #requireWritable(operation: string): void {
    this.#requireOpen(operation)
    if (this.#options.mode === 'read') throw systemError('EBADF', operation, this.path)
  }
}
