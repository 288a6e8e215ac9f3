import { BATCH_HEADER_BYTES, isControl } from '../../protocol/record-batch.ts'

/**
 * Control batches that only replicas read: LeaderChange (2) and the voter set (6) of the Raft group itself. Clients step over them, as
 * over a compacted place; transaction markers (0 and 1) are sent to them.
 */
const LEADER_CHANGE = 2
const VOTERS = 6

export function isInternalBatch(buffer: Buffer, at: number): boolean {
  if (!isControl(buffer, at)) return false
  const type = controlTypeOf(buffer, at)
  return type === LEADER_CHANGE || type === VOTERS
}

/** The type of a control batch's first record: its key is an int16 version and an int16 type. */
function controlTypeOf(buffer: Buffer, at: number): number {
  let position = at + BATCH_HEADER_BYTES
  const skipVarint = () => {
    while ((buffer[position++] ?? 0) >= 0x80);
  }
  skipVarint() // length of the record
  position++ // attributes
  skipVarint() // timestamp delta
  skipVarint() // offset delta
  skipVarint() // length of the key
  return position + 4 <= buffer.length ? buffer.readInt16BE(position + 2) : -1
}
