/**
 * The files and folders of a `MemoryDisk`. Each has two faces: what a running process sees, and what the medium holds
 * (`durable`), with the list of operations that lie between the two. A sync moves operations from the list to the medium; a
 * power cut (`power-cut.ts`) decides the fate of those still in the list.
 */
import { SparseBytes } from './sparse-bytes.ts'

export type FileOperation =
  | { type: 'write'; sequence: number; position: number; bytes: Uint8Array }
  | { type: 'truncate'; sequence: number; size: number }

export type FolderOperation =
  | { type: 'link'; sequence: number; name: string; node: MemoryNode }
  | { type: 'rename'; sequence: number; from: string; to: string; node: MemoryNode }
  /** `after`: the link in another folder that this removal completes; a move never loses its file. */
  | { type: 'unlink'; sequence: number; name: string; after?: { folder: FolderNode; sequence: number } }

export type MemoryNode = FileNode | FolderNode

export class FileNode {
  readonly kind = 'file'
  readonly visible: SparseBytes
  readonly durable: SparseBytes
  readonly #tracked: boolean
  pending: FileOperation[] = []

  /** Without `tracked` no history is kept: such a file cannot go through a power cut. */
  constructor(tracked: boolean, content = new SparseBytes()) {
    this.#tracked = tracked
    this.visible = content
    this.durable = tracked ? content.clone() : content
  }

  write(position: number, bytes: Uint8Array, sequence: number): void {
    this.visible.write(position, bytes)
    if (this.#tracked) this.pending.push({ type: 'write', sequence, position, bytes: new Uint8Array(bytes) })
  }

  truncate(size: number, sequence: number): void {
    this.visible.truncate(size)
    if (this.#tracked) this.pending.push({ type: 'truncate', sequence, size })
  }

  /** Everything up to this operation is on the medium. */
  commit(sequence: number): void {
    for (const operation of this.pending) {
      if (operation.sequence > sequence) continue
      if (operation.type === 'truncate') this.durable.truncate(operation.size)
      else this.durable.write(operation.position, operation.bytes)
    }
    this.pending = this.pending.filter(operation => operation.sequence > sequence)
  }

  /** Only this write's bytes are on the medium, with the truncations before it, as O_DSYNC promises; other writes may still be lost. */
  commitWrite(sequence: number): void {
    const written = this.pending.find(operation => operation.sequence === sequence)
    if (written?.type !== 'write') return
    let kept: FileOperation[] = []
    for (const operation of this.pending) {
      if (operation.sequence > sequence) kept.push(operation)
      else if (operation.type === 'truncate') {
        this.durable.truncate(operation.size)
        kept = kept.flatMap(older => withoutRange(older, operation.size, Number.MAX_SAFE_INTEGER))
      } else if (operation !== written) {
        kept.push(...withoutRange(operation, written.position, written.position + written.bytes.length))
      }
    }
    this.durable.write(written.position, written.bytes)
    this.pending = kept
  }

  /** A failed sync: the kernel calls the pages clean. Readers still see them, the medium never will. */
  forgetPending(): void {
    this.pending = []
  }

  flip(position: number, mask: number): void {
    const byte = new Uint8Array(1)
    for (const bytes of new Set([this.visible, this.durable])) {
      if (bytes.read(position, byte) === 1) bytes.write(position, Uint8Array.of(byte[0]! ^ mask))
    }
    for (const operation of this.pending) {
      if (operation.type !== 'write') continue
      const index = position - operation.position
      if (index >= 0 && index < operation.bytes.length) operation.bytes[index]! ^= mask
    }
  }
}

export class FolderNode {
  readonly kind = 'folder'
  readonly visible: Map<string, MemoryNode>
  readonly durable: Map<string, MemoryNode>
  readonly #tracked: boolean
  pending: FolderOperation[] = []

  constructor(tracked: boolean, entries = new Map<string, MemoryNode>()) {
    this.#tracked = tracked
    this.visible = entries
    this.durable = tracked ? new Map(entries) : entries
  }

  change(operation: FolderOperation): void {
    applyToFolder(this.visible, operation)
    if (this.#tracked) this.pending.push(operation)
  }

  commit(sequence: number): void {
    for (const operation of this.pending) if (operation.sequence <= sequence) this.#commitOne(operation)
    this.pending = this.pending.filter(operation => operation.sequence > sequence)
  }

  /** The names of this file or folder are on the medium; others may still be lost. */
  commitNode(node: MemoryNode): void {
    const isOfNode = (operation: FolderOperation) => 'node' in operation && operation.node === node
    for (const operation of this.pending) if (isOfNode(operation)) this.#commitOne(operation)
    this.pending = this.pending.filter(operation => !isOfNode(operation))
  }

  #commitOne(operation: FolderOperation): void {
    if (operation.type === 'unlink') operation.after?.folder.commit(operation.after.sequence)
    applyToFolder(this.durable, operation)
  }
}

export function applyToFolder(entries: Map<string, MemoryNode>, operation: FolderOperation): void {
  if (operation.type === 'unlink') entries.delete(operation.name)
  else if (operation.type === 'link') entries.set(operation.name, operation.node)
  else {
    entries.delete(operation.from)
    entries.set(operation.to, operation.node)
  }
}

/** What is left of a pending operation when the bytes `from` … `to` no longer concern it. */
function withoutRange(operation: FileOperation, from: number, to: number): FileOperation[] {
  if (operation.type === 'truncate') return [operation]
  const { sequence, position, bytes } = operation
  const end = position + bytes.length
  if (end <= from || position >= to) return [operation]
  const left: FileOperation[] = []
  if (position < from) {
    left.push({ type: 'write', sequence, position, bytes: bytes.subarray(0, from - position) })
  }
  if (end > to) left.push({ type: 'write', sequence, position: to, bytes: bytes.subarray(to - position) })
  return left
}
