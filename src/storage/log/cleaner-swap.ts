/**
 * Puts a cleaned segment in the place of those it was made from, so that a crash leaves all of the old content or all of the new. The
 * steps and the names are Kafka's, so its broker can finish what ours began, and the other way round.
 *
 * 1. `X.log.cleaned` and its indexes are written and synced. A crash here: they are removed.
 * 2. The indexes, and at last the log, are renamed to `.swap`. From `X.log.swap` on the new content counts.
 * 3. Segments behind X that the new content covers are removed, then the indexes take their names, then the log. A crash here: the next
 *    start finishes it.
 *
 * Old segments behind the last offset of the new content (all of it was removed) are not covered: the caller removes them afterwards.
 * A crash before that leaves them uncleaned, which the next round mends.
 */
import { CorruptionError, type Disk } from '../../base/disk.ts'
import { BATCH_HEADER_BYTES, batchBytesOf, lastOffsetOf, magicOf } from '../../protocol/record-batch.ts'
import { parseSegmentName, type SegmentName, segmentName } from './segment-names.ts'

/** Step 2. */
export async function commitSwap(disk: Disk, folder: string, baseOffset: number): Promise<void> {
  const cleaned = await listStage(disk, folder, '.cleaned')
  for (const { suffix } of cleaned) {
    if (suffix !== '.log') await renameStage(disk, folder, baseOffset, suffix)
  }
  await disk.syncDirectory(folder) // else the log could be there beside the indexes of what it replaces
  await renameStage(disk, folder, baseOffset, '.log')
  await disk.syncDirectory(folder)
}

/** Step 3. `endOffset` is the end of the new content. */
export async function finishSwap(
  disk: Disk,
  folder: string,
  baseOffset: number,
  endOffset: number,
): Promise<void> {
  for (const name of await disk.list(folder)) {
    const parsed = parseSegmentName(name)
    if (!parsed || parsed.stage) continue
    if (parsed.baseOffset > baseOffset && parsed.baseOffset < endOffset)
      await disk.remove(`${folder}/${name}`)
  }
  for (const { suffix } of await listStage(disk, folder, '.swap')) {
    if (suffix === '.log') continue
    const name = segmentName(baseOffset, suffix)
    await disk.rename(`${folder}/${name}.swap`, `${folder}/${name}`)
  }
  await disk.syncDirectory(folder)
  const log = segmentName(baseOffset, '.log')
  await disk.rename(`${folder}/${log}.swap`, `${folder}/${log}`)
  await disk.syncDirectory(folder)
}

/** Finishes or undoes what a crash has left; to be called before the segments are opened. */
export async function recoverSwaps(disk: Disk, folder: string): Promise<void> {
  const staged: SegmentName[] = []
  for (const name of await disk.list(folder)) {
    const parsed = parseSegmentName(name)
    if (parsed?.stage === '.cleaned' || parsed?.stage === '.swap') staged.push(parsed)
  }
  if (staged.length === 0) return
  // Kafka splits a segment into several: those behind one that is not complete are not to be used either.
  const firstCleaned = Math.min(
    ...staged.filter(({ stage }) => stage === '.cleaned').map(({ baseOffset }) => baseOffset),
  )
  const committed = new Set<number>()
  for (const { baseOffset, suffix, stage } of staged) {
    if (stage === '.swap' && suffix === '.log' && baseOffset < firstCleaned) committed.add(baseOffset)
  }
  for (const { baseOffset, suffix, stage } of staged) {
    if (stage === '.swap' && committed.has(baseOffset)) continue
    await disk.remove(`${folder}/${segmentName(baseOffset, suffix, stage)}`)
  }
  await disk.syncDirectory(folder)
  for (const baseOffset of [...committed].sort((a, b) => a - b)) {
    await finishSwap(disk, folder, baseOffset, await endOfSwap(disk, folder, baseOffset))
  }
}

/** The offset behind the last batch of a `.swap` file; it was synced whole before it got this name. */
async function endOfSwap(disk: Disk, folder: string, baseOffset: number): Promise<number> {
  const path = `${folder}/${segmentName(baseOffset, '.log', '.swap')}`
  const file = await disk.open(path, { mode: 'read' })
  try {
    const size = await file.size()
    const header = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES)
    let endOffset = baseOffset + 1
    for (let position = 0; position < size; position += batchBytesOf(header, 0)) {
      const bytes = await file.read(position, header)
      const isWhole = bytes === header.length && magicOf(header, 0) === 2
      if (!isWhole || batchBytesOf(header, 0) < BATCH_HEADER_BYTES) {
        throw new CorruptionError(path, position, 'no record batch begins here')
      }
      endOffset = lastOffsetOf(header, 0) + 1
    }
    return endOffset
  } finally {
    await file.close()
  }
}

async function listStage(disk: Disk, folder: string, stage: SegmentName['stage']): Promise<SegmentName[]> {
  const names = (await disk.list(folder)).map(parseSegmentName)
  return names.filter(parsed => parsed !== undefined && parsed.stage === stage) as SegmentName[]
}

function renameStage(
  disk: Disk,
  folder: string,
  baseOffset: number,
  suffix: SegmentName['suffix'],
): Promise<void> {
  const path = `${folder}/${segmentName(baseOffset, suffix)}`
  return disk.rename(`${path}.cleaned`, `${path}.swap`)
}
