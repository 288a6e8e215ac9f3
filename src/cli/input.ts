/** What a command is given to read: standard input line by line, or bytes of standard input and of files. */
import { createInterface } from 'node:readline'
import type { Disk } from '../base/disk.ts'

/** Standard input, line by line, as fast as the reader of the results takes them. Blank lines are left out. */
export async function* inputLines(convert: (line: string) => string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() !== '') yield convert(line)
  }
}

const CHUNK_BYTES = 256 << 10

/** The bytes of a file, a piece at a time; each piece is a buffer of its own. */
export async function* fileChunks(disk: Disk, path: string): AsyncGenerator<Buffer> {
  const file = await disk.open(path, { mode: 'read' })
  try {
    for (let position = 0; ; ) {
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
      const length = await file.read(position, chunk)
      if (length === 0) return
      yield chunk.subarray(0, length)
      position += length
    }
  } finally {
    await file.close()
  }
}
