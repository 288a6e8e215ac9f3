/** Offsets in a file, one partition a line: `topic:partition:offset`, or with spaces, as rpk has it. `#` begins a comment. */
import type { PartitionOffset } from '../client/group-offsets.ts'
import { InputError } from './failure.ts'

export function parseSeekList(text: string, path: string): PartitionOffset[] {
  const offsets = text.split('\n').flatMap((line, at) => {
    const content = line.replace(/#.*/, '').trim()
    if (content === '') return []
    const match = /^([^\s:]+)(?:\s*:\s*|\s+)(\d{1,9})(?:\s*:\s*|\s+)(\d{1,15})$/.exec(content)
    if (!match)
      throw new InputError(`${path}:${at + 1}: must be topic:partition:offset, such as greetings:0:47`)
    return [{ topic: match[1]!, partition: Number(match[2]), offset: Number(match[3]) }]
  })
  if (offsets.length === 0) throw new InputError(`${path}: there is no offset in it`)
  return offsets
}
