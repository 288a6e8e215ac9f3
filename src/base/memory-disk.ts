/**
 * A disk in memory that can lose power, tear writes, fill up and fail: what tests of the log and simulations run on, and what a
 * broker without a data folder lives on.
 *
 * - `crash()` cuts the power, `kill()` is kill -9. Both end this incarnation: every later call on it and on its open files
 *   rejects with `DeadDiskError`, and the survivors are on the disk that they return. `crash` may be asked again: one run gives many
 *   possible states.
 * - A name is safe only after `syncDirectory` of its folder, new folders in their parents included, as POSIX has it.
 *   Real ext4 is kinder: `fileSyncKeepsName`.
 * - Operations take effect one after another in microtasks (or when `schedule` says), never on the caller's turn; so a run is
 *   determined by its calls and its seeds.
 */
import {
  type DirectoryLock,
  type Disk,
  type DiskSpace,
  type File,
  LockedError,
  type OpenOptions,
} from './disk.ts'
import { DiskFaults, type FaultRule, type OperationKind, systemError } from './memory/disk-faults.ts'
import { type FileHost, MemoryFile } from './memory/memory-file.ts'
import { FileNode, FolderNode, type MemoryNode } from './memory/memory-node.ts'
import { type PowerCut, surviving } from './memory/power-cut.ts'

export type { FaultRule, OperationKind } from './memory/disk-faults.ts'
export type { PowerCut } from './memory/power-cut.ts'

export interface MemoryDiskOptions {
  /** Folders that are there from the start, safely. */
  folders?: readonly string[]
  /** Writes beyond it reject with ENOSPC; may be changed later. */
  quotaBytes?: number
  /** Syncing a file makes its name safe too, as on ext4. */
  fileSyncKeepsName?: boolean
  /** False keeps no history for `crash`: less memory, for a broker that only lives in memory. */
  crashable?: boolean
  /** Decides when an operation takes effect; at the next microtask unless given. */
  schedule?: (run: () => void) => void
}

/** An operation that changes the disk, about to take effect. */
export interface Change {
  kind: OperationKind
  path: string
  /** Counts from 1 in each incarnation. */
  number: number
}

export class DeadDiskError extends Error {
  override name = 'DeadDiskError'
  readonly code = 'EDEAD'
}

interface Place {
  folder: FolderNode
  name: string
  node: MemoryNode | undefined
}

const UNCHANGING: ReadonlySet<OperationKind> = new Set(['open', 'read', 'list'])
const UNLIMITED_BYTES = 2 ** 50

export class MemoryDisk implements Disk {
  quotaBytes: number
  /** Called before each change; may cut the power, and then the change does not happen. */
  beforeChange: ((change: Change) => void) | undefined
  /** How many changes this incarnation has begun. */
  changes = 0

  readonly #options: MemoryDiskOptions
  readonly #root: FolderNode
  readonly #faults = new DiskFaults()
  readonly #locks = new Map<string, string>()
  readonly #host: FileHost
  #sequence = 0
  #dead = false

  constructor(options: MemoryDiskOptions = {}, root?: FolderNode) {
    this.#options = options
    this.quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY
    this.#root = root ?? new FolderNode(options.crashable ?? true)
    this.#host = {
      enter: (kind, path) => this.#enter(kind, path),
      enterNow: (kind, path) => this.#begin(kind, path),
      nextSequence: () => ++this.#sequence,
      room: () => this.#room(),
      fileSyncKeepsName: options.fileSyncKeepsName ?? false,
    }
    for (const path of options.folders ?? []) this.#makeFolders(path, true)
  }

  /** Cuts the power. What was not synced is kept or lost as `cut` says; the default loses all of it. */
  crash(cut: PowerCut = {}): MemoryDisk {
    if (this.#options.crashable === false) throw new Error('this disk keeps no history for a crash')
    this.powerOff()
    return this.#successor(surviving(this.#root, cut))
  }

  /** Ends the process that uses the disk: all that was written stays, unsynced too; open files and locks are gone. */
  kill(): MemoryDisk {
    if (this.#dead) throw new DeadDiskError('the disk is already dead')
    this.powerOff()
    const next = this.#successor(this.#root)
    next.#sequence = this.#sequence
    return next
  }

  /** From here on every call rejects; `crash` then tells what survived. For use in `beforeChange`. */
  powerOff(): void {
    this.#dead = true
  }

  /** Injects a fault; gives a function that takes it back. */
  fail(rule: FaultRule): () => void {
    return this.#faults.add(rule)
  }

  /** Bit rot: turns bits of one byte over, in the cache and on the medium. */
  flip(path: string, position: number, mask = 1): void {
    this.#requireFile(path, 'flip').flip(position, mask)
  }

  absolute(path: string): string {
    return path
  }

  async open(path: string, options: OpenOptions): Promise<File> {
    const isMade = options.mode === 'create' || options.mode === 'replace'
    await this.#enterOrFail(isMade && !this.#find(path)?.node ? 'create' : 'open', path)
    const place = this.#find(path)
    if (!place) throw systemError('ENOENT', 'open', path)
    let { node } = place
    if (node?.kind === 'folder') throw systemError('EISDIR', 'open', path)
    if (!node) {
      if (!isMade) throw systemError('ENOENT', 'open', path)
      node = new FileNode(this.#isTracked)
      place.folder.change({ type: 'link', sequence: ++this.#sequence, name: place.name, node })
    } else if (options.mode === 'replace' && node.visible.size > 0) {
      node.truncate(0, ++this.#sequence)
    }
    return new MemoryFile(this.#host, path, node, place.folder, options)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#enterOrFail('rename', from)
    const source = this.#find(from)
    const target = this.#find(to)
    if (!source?.node || !target) throw systemError('ENOENT', 'rename', from)
    if (target.node === source.node) return
    requireReplaceable(source.node, target.node, to)
    const node = source.node
    const sequence = ++this.#sequence
    if (source.folder === target.folder) {
      source.folder.change({ type: 'rename', sequence, from: source.name, to: target.name, node })
    } else {
      target.folder.change({ type: 'link', sequence, name: target.name, node })
      const after = { folder: target.folder, sequence }
      source.folder.change({ type: 'unlink', sequence: ++this.#sequence, name: source.name, after })
    }
  }

  async remove(path: string): Promise<void> {
    await this.#enterOrFail('remove', path)
    const place = this.#find(path)
    if (!place?.node) throw systemError('ENOENT', 'unlink', path)
    if (place.node.kind === 'folder') throw systemError('EISDIR', 'unlink', path)
    place.folder.change({ type: 'unlink', sequence: ++this.#sequence, name: place.name })
  }

  async removeDirectory(path: string): Promise<void> {
    await this.#enterOrFail('removeDirectory', path)
    const place = this.#find(path)
    if (place?.node) this.#removeTree(place.folder, place.name, place.node)
  }

  async list(path: string): Promise<string[]> {
    await this.#enterOrFail('list', path)
    return [...this.#requireFolder(path, 'scandir').visible.keys()].sort()
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#enterOrFail('makeDirectory', path)
    this.#makeFolders(path, false)
  }

  async exists(path: string): Promise<boolean> {
    await this.#enter(undefined, path)
    return this.#find(path)?.node !== undefined
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#enterOrFail('syncDirectory', path)
    const folder = this.#requireFolder(path, 'fsync')
    const covered = ++this.#sequence
    await this.#enter(undefined, path)
    folder.commit(covered)
  }

  async space(path: string): Promise<DiskSpace> {
    await this.#enter(undefined, path)
    const totalBytes = Math.min(this.quotaBytes, UNLIMITED_BYTES)
    return { availableBytes: Math.max(0, totalBytes - usedBytes(this.#root)), totalBytes }
  }

  async lock(path: string, holder: string): Promise<DirectoryLock> {
    await this.#enter(undefined, path)
    this.#requireFolder(path, 'open')
    const key = segmentsOf(path).join('/')
    const current = this.#locks.get(key)
    if (current !== undefined) throw new LockedError(path, current)
    this.#locks.set(key, holder)
    let held = true
    return {
      release: async () => {
        await this.#enter(undefined, path)
        if (held) this.#locks.delete(key)
        held = false
      },
    }
  }

  get #isTracked(): boolean {
    return this.#options.crashable ?? true
  }

  #successor(root: FolderNode): MemoryDisk {
    return new MemoryDisk({ ...this.#options, folders: [], quotaBytes: this.quotaBytes }, root)
  }

  async #enter(kind: OperationKind | undefined, path: string): Promise<FaultRule | undefined> {
    const { schedule } = this.#options
    if (schedule) await new Promise<void>(resolve => schedule(resolve))
    else await undefined
    this.#requireAlive()
    if (!kind) return undefined
    const fault = this.#begin(kind, path)
    if (fault?.wait) {
      await fault.wait()
      this.#requireAlive()
    }
    return fault
  }

  async #enterOrFail(kind: OperationKind, path: string): Promise<void> {
    const fault = await this.#enter(kind, path)
    if (fault?.code) throw systemError(fault.code, kind, path)
  }

  #begin(kind: OperationKind, path: string): FaultRule | undefined {
    this.#requireAlive()
    if (!UNCHANGING.has(kind)) {
      this.changes++
      this.beforeChange?.({ kind, path, number: this.changes })
      this.#requireAlive()
    }
    return this.#faults.match(kind, path)
  }

  #requireAlive(): void {
    if (this.#dead) throw new DeadDiskError('the disk has lost its power or its process')
  }

  #room(): number {
    return this.quotaBytes === Number.POSITIVE_INFINITY
      ? UNLIMITED_BYTES
      : this.quotaBytes - usedBytes(this.#root)
  }

  #find(path: string): Place | undefined {
    const segments = segmentsOf(path)
    const name = segments.pop()
    if (name === undefined) return { folder: this.#root, name: '', node: this.#root }
    let folder = this.#root
    for (const segment of segments) {
      const next = folder.visible.get(segment)
      if (next?.kind === 'file') throw systemError('ENOTDIR', 'open', path)
      if (!next) return undefined
      folder = next
    }
    return { folder, name, node: folder.visible.get(name) }
  }

  #requireFile(path: string, operation: string): FileNode {
    const node = this.#find(path)?.node
    if (!node) throw systemError('ENOENT', operation, path)
    if (node.kind === 'folder') throw systemError('EISDIR', operation, path)
    return node
  }

  #requireFolder(path: string, operation: string): FolderNode {
    const node = this.#find(path)?.node
    if (!node) throw systemError('ENOENT', operation, path)
    if (node.kind === 'file') throw systemError('ENOTDIR', operation, path)
    return node
  }

  #makeFolders(path: string, safely: boolean): void {
    let folder = this.#root
    for (const name of segmentsOf(path)) {
      let next = folder.visible.get(name)
      if (next?.kind === 'file') throw systemError('EEXIST', 'mkdir', path)
      if (!next) {
        next = new FolderNode(this.#isTracked)
        const sequence = ++this.#sequence
        folder.change({ type: 'link', sequence, name, node: next })
        if (safely) folder.commit(sequence)
      }
      folder = next
    }
  }

  /** Name by name, from the leaves: a power cut may leave any part of the tree. */
  #removeTree(folder: FolderNode, name: string, node: MemoryNode): void {
    if (node.kind === 'folder') {
      for (const [childName, child] of [...node.visible]) this.#removeTree(node, childName, child)
    }
    folder.change({ type: 'unlink', sequence: ++this.#sequence, name })
  }
}

function requireReplaceable(source: MemoryNode, target: MemoryNode | undefined, path: string): void {
  if (!target) return
  if (target.kind === 'folder' && source.kind === 'file') throw systemError('EISDIR', 'rename', path)
  if (target.kind === 'file' && source.kind === 'folder') throw systemError('ENOTDIR', 'rename', path)
  if (target.kind === 'folder' && target.visible.size > 0) throw systemError('ENOTEMPTY', 'rename', path)
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter(segment => segment !== '' && segment !== '.')
}

function usedBytes(node: MemoryNode): number {
  if (node.kind === 'file') return node.visible.size
  let sum = 0
  for (const child of node.visible.values()) sum += usedBytes(child)
  return sum
}
