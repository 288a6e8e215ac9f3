/**
 * Taking what lies below the start of a log off the disk.
 *
 * It follows a move of the start (`PartitionLog.moveStart`) later, by whole segments, and in this order: a checkpoint begun behind the move (so that no start looks for what goes),
 * the Base and the leader epochs (what must be known of it), and then the files, which first get another name. A crash at any point
 * leaves files that the next removal takes.
 */
import { assert } from '../../base/assert.ts'
import { hasCode, readIfExists } from '../../base/disk.ts'
import { writeBase } from './base-file.ts'
import type { LogEnvironment } from './log-environment.ts'
import type { PartitionLog } from './partition-log.ts'
import { type ProducerEntry, parseProducerSnapshot } from './producer-snapshot.ts'
import type { Segment } from './segment.ts'
import { parseSegmentName, segmentName } from './segment-names.ts'

/** Runs when whoever changes the log's files now is done. */
export function takeTurn<T>(log: PartitionLog, run: () => Promise<T>): Promise<T> {
  const turn = log.usingFiles(log.filesTurn.then(run))
  log.filesTurn = turn.catch(() => {})
  return turn
}

/** The segments of which no record is left. The active one stays, and so does the one where the last append landed. */
export function segmentsBelowStart(log: PartitionLog): Segment[] {
  const { segments, startOffset } = log
  const landedIn = log.landedPlace.segment
  let count = 0
  while (count + 1 < segments.length && segments[count + 1]!.baseOffset <= startOffset) count++
  return segments.slice(0, count).filter(segment => segment.baseOffset < landedIn)
}

/**
 * Takes the segments below the start away, in the log's turn. The caller has had a checkpoint written since they lie below it. Gives
 * the paths of the files that wait to be removed.
 */
export async function setSegmentsAside(
  log: PartitionLog,
  environment: LogEnvironment,
  gone: readonly Segment[],
): Promise<string[]> {
  const first = log.segments[gone.length]
  if (gone.length === 0 || !first || log.isClosed || log.isPinned) return []
  assert(gone.at(-1) === log.segments[gone.length - 1], 'segments go from the oldest on')
  await writeBaseAt(log, environment, first)
  log.epochs.truncateFromStart(first.baseOffset)
  await log.epochsFile.write()
  if (log.isClosed) return []
  log.segments.splice(0, gone.length)
  log.dropCachedBelow(first.baseOffset)
  await Promise.all(gone.map(segment => segment.retire()))
  return renameFilesBelow(log, environment, first.baseOffset)
}

/** What a replica that begins here must know of what lay before. */
async function writeBaseAt(log: PartitionLog, { disk }: LogEnvironment, first: Segment): Promise<void> {
  const logStart = first.baseOffset
  await first.sealing?.catch(() => {})
  await writeBase(disk, log.path, {
    logStart,
    epochBefore: log.epochs.epochAt(logStart - 1),
    voters: Buffer.alloc(0),
    producers: await producersAt(log, disk, logStart),
  })
}

async function producersAt(
  log: PartitionLog,
  disk: LogEnvironment['disk'],
  offset: number,
): Promise<ProducerEntry[]> {
  const path = `${log.path}/${segmentName(offset, '.snapshot')}`
  const bytes = await readIfExists(disk, path)
  if (bytes) return parseProducerSnapshot(bytes, path)
  // The later ones are learned from the batches that stay.
  return log.producers.entriesAt(log.durableEnd).filter(({ lastOffset }) => lastOffset < offset)
}

/** Files of segments below an offset, and producer snapshots below it, get the suffix `.deleted`. */
async function renameFilesBelow(
  log: PartitionLog,
  { disk, handles }: LogEnvironment,
  offset: number,
): Promise<string[]> {
  const renamed: string[] = []
  for (const name of await disk.list(log.path)) {
    const parsed = parseSegmentName(name)
    if (!parsed || parsed.stage || parsed.baseOffset >= offset) continue
    const path = `${log.path}/${name}`
    await handles.close(path)
    await disk.rename(path, `${path}.deleted`)
    renamed.push(`${path}.deleted`)
  }
  await disk.syncDirectory(log.path)
  return renamed
}

/** Removes what an earlier run of the program set aside. */
export async function removeLeftovers(log: PartitionLog, { disk }: LogEnvironment): Promise<void> {
  if (!log.hasFolder || log.isClosed) return
  const first = log.segments[0]?.baseOffset ?? 0
  for (const name of await disk.list(log.path)) {
    const parsed = parseSegmentName(name)
    if (!parsed || log.isClosed) continue
    // A segment's file below the first segment: its removal had begun.
    const isOrphan = parsed.stage === undefined && parsed.baseOffset < first
    if (parsed.stage === '.deleted' || isOrphan) await removeIfExists(disk, `${log.path}/${name}`)
  }
}

export async function removeIfExists(disk: LogEnvironment['disk'], path: string): Promise<void> {
  try {
    await disk.remove(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}
