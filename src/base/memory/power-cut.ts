/**
 * What a power cut leaves of operations that were not synced.
 *
 * `weak` (the default) is all that POSIX allows: of a file's pending operations any subset may have reached the medium, a write
 * also in parts of whole 512-byte sectors, or as nothing but a longer file full of zeros; of a folder's pending names any subset.
 * `strict` is an orderly file system: of each file and each folder a prefix, its last write possibly cut at a sector.
 */
import type { Random } from '../random.ts'
import type { FileOperation, FolderOperation, MemoryNode } from './memory-node.ts'
import { applyToFolder, FileNode, FolderNode } from './memory-node.ts'
import type { SparseBytes } from './sparse-bytes.ts'

const SECTOR_BYTES = 512

export interface PowerCut {
  /**
   * Of what was not synced: nothing, everything, a random choice (the default when `random` is given), or everything in the order
   * of the calls until so many bytes were written.
   */
  keep?: 'none' | 'all' | 'random' | { bytes: number }
  random?: Random
  /** Writes may be cut at sectors and leave zeros; on unless false. Only for `random`. */
  tear?: boolean
  order?: 'weak' | 'strict'
}

type Write = Extract<FileOperation, { type: 'write' }>

/** Chooses for one file and one folder at a time, so that a run replays from its seed. */
interface Fate {
  file(into: SparseBytes, pending: readonly FileOperation[]): void
  folder(pending: readonly FolderOperation[]): FolderOperation[]
}

/** Copies a tree as the medium holds it after the cut. */
export function surviving(root: FolderNode, cut: PowerCut): FolderNode {
  const fate = fateOf(root, cut)
  const copies = new Map<MemoryNode, MemoryNode>()
  const keptLinks = new Map<FolderNode, Set<number>>()

  function copyOf(node: MemoryNode): MemoryNode {
    let copy = copies.get(node)
    if (!copy) {
      copy = node.kind === 'file' ? copyFile(node) : copyFolder(node)
      copies.set(node, copy)
    }
    return copy
  }
  function copyFile(node: FileNode): FileNode {
    const content = node.durable.clone()
    fate.file(content, node.pending)
    return new FileNode(true, content)
  }
  function keptIn(folder: FolderNode): Set<number> {
    let kept = keptLinks.get(folder)
    if (!kept) {
      kept = new Set(fate.folder(folder.pending).map(operation => operation.sequence))
      keptLinks.set(folder, kept)
    }
    return kept
  }
  function copyFolder(folder: FolderNode): FolderNode {
    const entries = new Map(folder.durable)
    for (const operation of folder.pending) {
      if (!keptIn(folder).has(operation.sequence)) continue
      const after = operation.type === 'unlink' ? operation.after : undefined
      const linkIsLost =
        after?.folder.pending.some(link => link.sequence === after.sequence) &&
        !keptIn(after.folder).has(after.sequence)
      if (!linkIsLost) applyToFolder(entries, operation)
    }
    return new FolderNode(true, new Map([...entries].map(([name, node]) => [name, copyOf(node)])))
  }
  return copyFolder(root)
}

function fateOf(root: FolderNode, cut: PowerCut): Fate {
  const keep = cut.keep ?? (cut.random ? 'random' : 'none')
  if (keep === 'none') return { file: () => {}, folder: () => [] }
  if (keep === 'all') return { file: applyAll, folder: pending => [...pending] }
  if (keep !== 'random') return keptBytes(root, keep.bytes)
  if (!cut.random) throw new Error('a random power cut needs a source of randomness')
  const tear = cut.tear ?? true
  return cut.order === 'strict' ? strict(cut.random, tear) : weak(cut.random, tear)
}

function applyAll(into: SparseBytes, pending: readonly FileOperation[]): void {
  for (const operation of pending) applyToFile(into, operation)
}

function applyToFile(into: SparseBytes, operation: FileOperation): void {
  if (operation.type === 'truncate') into.truncate(operation.size)
  else into.write(operation.position, operation.bytes)
}

function weak(random: Random, tear: boolean): Fate {
  // Of one file or folder a cut loses all, nothing, or half: each finds other faults.
  const chooser = () => {
    const halves = random.below(3)
    return () => random.below(2) < halves
  }
  return {
    file(into, pending) {
      const isKept = chooser()
      for (const operation of pending) {
        if (operation.type === 'write' && tear && random.below(4) === 0) tearWrite(into, operation, random)
        else if (isKept()) applyToFile(into, operation)
        else if (operation.type === 'write' && tear) maybeGrow(into, operation, random)
      }
    },
    folder: pending => pending.filter(chooser()),
  }
}

function strict(random: Random, tear: boolean): Fate {
  return {
    file(into, pending) {
      const kept = random.below(pending.length + 1)
      applyAll(into, pending.slice(0, kept))
      const next = pending[kept]
      if (tear && next?.type === 'write') {
        const sectors = sectorsOf(next)
        for (const part of sectors.slice(0, random.below(sectors.length + 1))) applyToFile(into, part)
      }
    },
    folder: pending => pending.slice(0, random.below(pending.length + 1)),
  }
}

/** The first bytes of all writes, in the order of the calls; names are all kept. */
function keptBytes(root: FolderNode, limit: number): Fate {
  const writes = pendingWrites(root)
  const keptOf = new Map<number, number>()
  let left = limit
  for (const write of writes.sort((a, b) => a.sequence - b.sequence)) {
    const kept = Math.min(left, write.bytes.length)
    keptOf.set(write.sequence, kept)
    left -= kept
  }
  return {
    file(into, pending) {
      for (const operation of pending) {
        if (operation.type === 'truncate') into.truncate(operation.size)
        else {
          const bytes = operation.bytes.subarray(0, keptOf.get(operation.sequence) ?? 0)
          if (bytes.length > 0) into.write(operation.position, bytes)
        }
      }
    },
    folder: pending => [...pending],
  }
}

function pendingWrites(node: MemoryNode): Write[] {
  if (node.kind === 'folder') return [...node.visible.values()].flatMap(pendingWrites)
  return node.pending.filter(operation => operation.type === 'write')
}

function tearWrite(into: SparseBytes, write: Write, random: Random): void {
  const sectors = sectorsOf(write)
  const cutAt = random.below(sectors.length + 1)
  const inOrder = random.below(2) === 0
  for (const [index, sector] of sectors.entries()) {
    if (inOrder ? index < cutAt : random.below(2) === 0) applyToFile(into, sector)
  }
  maybeGrow(into, write, random)
}

/** A file's new size may reach the medium without its bytes. */
function maybeGrow(into: SparseBytes, write: Write, random: Random): void {
  if (random.below(3) === 0) into.grow(write.position + write.bytes.length)
}

/** A write in the parts that the medium takes or leaves whole. */
function sectorsOf(write: Write): Write[] {
  const parts: Write[] = []
  for (let from = 0; from < write.bytes.length; ) {
    const toBoundary = SECTOR_BYTES - ((write.position + from) % SECTOR_BYTES)
    const bytes = write.bytes.subarray(from, from + toBoundary)
    parts.push({ ...write, position: write.position + from, bytes })
    from += bytes.length
  }
  return parts
}
