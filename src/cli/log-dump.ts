/**
 * Prints a `.log` file batch by batch, and the records when they are wanted. It reads a window at a time, so that a
 * segment of any size is printed in little memory, and stops at the first bad byte, whose place it tells.
 */
import { CorruptionError, type Disk, type File } from '../base/disk.ts'
import { compressionName, decompress } from '../protocol/compression.ts'
import * as batch from '../protocol/record-batch.ts'
import { findDamage } from '../protocol/record-batch-check.ts'
import { RecordCursor } from '../protocol/record-cursor.ts'

const WINDOW_BYTES = 1 << 20

export async function* describeLog(
  disk: Disk,
  path: string,
  options: { records: boolean },
): AsyncGenerator<string> {
  const file = await disk.open(path, { mode: 'read' })
  try {
    for await (const { buffer, at, position } of batchesOf(file)) {
      yield batchLine(buffer, at, position)
      if (options.records) yield* recordLines(buffer, at)
    }
  } finally {
    await file.close()
  }
}

/** Throws `CorruptionError` at the first bytes that are no whole batch. */
async function* batchesOf(file: File): AsyncGenerator<{ buffer: Buffer; at: number; position: number }> {
  const size = await file.size()
  let windowBytes = WINDOW_BYTES
  for (let position = 0; position < size; ) {
    const window = Buffer.allocUnsafeSlow(Math.min(windowBytes, size - position))
    const length = await file.read(position, window)
    const isLast = position + length >= size
    let at = 0
    while (at < length) {
      const reach = at + batchBytes(window, at, length)
      if (reach > length && !isLast && position + reach <= size) break
      const damage = findDamage(window, at, length)
      if (damage)
        throw new CorruptionError(
          file.path,
          position + at,
          `${damage}; ${size - position - at} bytes are left`,
        )
      yield { buffer: window, at, position: position + at }
      at = reach
    }
    windowBytes = at === 0 ? windowBytes * 4 : WINDOW_BYTES
    position += at
  }
}

/** What the batch says of itself, or the least it can be where its length lies beyond the window. */
function batchBytes(window: Buffer, at: number, length: number): number {
  return at + batch.BATCH_LENGTH_END <= length ? batch.batchBytesOf(window, at) : batch.BATCH_LENGTH_END
}

function batchLine(buffer: Buffer, at: number, position: number): string {
  const producer =
    batch.producerIdOf(buffer, at) === batch.NO_PRODUCER_ID
      ? ''
      : ` producer ${batch.producerIdOf(buffer, at)} epoch ${batch.producerEpochOf(buffer, at)}` +
        ` sequence ${batch.baseSequenceOf(buffer, at)}–${batch.lastSequenceOf(buffer, at)}`
  return (
    `offset ${batch.baseOffsetOf(buffer, at)}–${batch.lastOffsetOf(buffer, at)} position ${position}` +
    ` bytes ${batch.batchBytesOf(buffer, at)} records ${batch.recordCountOf(buffer, at)}` +
    ` leader epoch ${batch.leaderEpochOf(buffer, at)} ${batch.timestampTypeOf(buffer, at)} ${timeText(batch.maxTimestampOf(buffer, at))}` +
    ` ${compressionName(batch.codecOf(buffer, at))}${producer}` +
    `${batch.isTransactional(buffer, at) ? ' transactional' : ''}${batch.isControl(buffer, at) ? ' control' : ''}`
  )
}

function* recordLines(buffer: Buffer, at: number): Generator<string> {
  const end = at + batch.batchBytesOf(buffer, at)
  const stored = buffer.subarray(at + batch.BATCH_HEADER_BYTES, end)
  const codec = batch.codecOf(buffer, at)
  const bytes = codec === 0 ? stored : decompress(codec, stored)
  const cursor = new RecordCursor().open(bytes, 0, bytes.length)
  for (let i = 0; i < batch.recordCountOf(buffer, at); i++) {
    cursor.next()
    const offset = batch.baseOffsetOf(buffer, at) + cursor.offsetDelta
    const time = timeText(batch.baseTimestampOf(buffer, at) + cursor.timestampDelta)
    const headers = cursor.headers.map(({ key, value }) => `${shown(key)}: ${shown(value)}`).join(', ')
    yield `  offset ${offset} ${time} key ${shown(cursor.key)} value ${shown(cursor.value)}` +
      `${headers === '' ? '' : ` headers {${headers}}`}`
  }
}

/** Text in quotes, other bytes in hex, so that one is never taken for the other. */
function shown(bytes: Buffer | null): string {
  if (bytes === null) return 'null'
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) && !/[\0-\x08\x0e-\x1f]/.test(text)
    ? JSON.stringify(text)
    : `0x${bytes.toString('hex')}`
}

function timeText(timestampMs: number): string {
  const isTime = timestampMs >= 0 && timestampMs <= 8.64e15
  return isTime ? new Date(timestampMs).toISOString() : String(timestampMs)
}
