import { CorruptionError, type Disk, hasCode, readIfExists } from '../base/disk.ts'
import { UnknownVersionError } from './sealed-file.ts'

/** What `check` has to say of a place in a file. A note is something that needs nobody's attention. */
export interface Finding {
  kind: 'damage' | 'note'
  file: string
  position: number
  reason: string
}

/** A `CorruptionError` or an error of the operating system as a finding; any other is thrown on. */
export function findingOf(error: unknown, file = ''): Finding {
  if (error instanceof CorruptionError) {
    const reason = error.message.replace(/^.* is damaged at position \d+: /, '')
    return { kind: 'damage', file: error.file, position: error.position, reason }
  }
  if (error instanceof UnknownVersionError) {
    return {
      kind: 'damage',
      file: error.file,
      position: 0,
      reason: `format version ${error.version} is not known`,
    }
  }
  if (hasCode(error, 'EIO')) {
    return {
      kind: 'damage',
      file: (error as NodeJS.ErrnoException).path ?? file,
      position: 0,
      reason: 'it cannot be read',
    }
  }
  throw error
}

/** Reads a file by its format; gives undefined and a finding when it is damaged. */
export async function parseChecked<T>(
  disk: Disk,
  path: string,
  parse: (bytes: Buffer) => T,
  findings: Finding[],
): Promise<T | undefined> {
  try {
    const bytes = await readIfExists(disk, path)
    return bytes && parse(bytes)
  } catch (error) {
    findings.push(findingOf(error, path))
    return undefined
  }
}
