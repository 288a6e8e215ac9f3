/** Faults that a test injects into a `MemoryDisk`: the first matching rule that is not used up applies to an operation. */
export type OperationKind =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'list'
  | 'makeDirectory'
  | 'removeDirectory'
  | 'syncDirectory'

export interface FaultRule {
  on?: OperationKind | readonly OperationKind[]
  /** A part of the path, or a pattern; every path when left out. */
  path?: string | RegExp
  /** Lets so many matching operations pass first. */
  skip?: number
  /** How many operations it hits; one unless given. */
  times?: number
  /** Rejects with this code (EIO, ENOSPC …). */
  code?: string
  /** A read gives at most so many bytes; a write that fails with `code` leaves so many in the file. */
  bytes?: number
  /** The operation waits for this first: a slow or stuck disk. */
  wait?: () => Promise<unknown>
}

export class DiskFaults {
  readonly #rules: { rule: FaultRule; skip: number; left: number }[] = []

  /** Gives a function that takes the rule back. */
  add(rule: FaultRule): () => void {
    const entry = { rule, skip: rule.skip ?? 0, left: rule.times ?? 1 }
    this.#rules.push(entry)
    return () => {
      entry.left = 0
    }
  }

  match(kind: OperationKind, path: string): FaultRule | undefined {
    for (const entry of this.#rules) {
      if (entry.left === 0 || !isMeant(entry.rule, kind, path)) continue
      if (entry.skip > 0) {
        entry.skip--
        continue
      }
      entry.left--
      return entry.rule
    }
    return undefined
  }
}

function isMeant(rule: FaultRule, kind: OperationKind, path: string): boolean {
  if (typeof rule.on === 'string' ? rule.on !== kind : rule.on && !rule.on.includes(kind)) return false
  if (rule.path === undefined) return true
  return typeof rule.path === 'string' ? path.includes(rule.path) : rule.path.test(path)
}

const TEXTS: Record<string, string> = {
  EBADF: 'bad file descriptor',
  EEXIST: 'file already exists',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
}

/** An error as Node makes it from the operating system's code. */
export function systemError(code: string, operation: string, path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(
    `${code}: ${TEXTS[code] ?? 'failed'}, ${operation} '${path}'`,
  )
  error.code = code
  error.path = path
  return error
}
