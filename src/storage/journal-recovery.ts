import { CorruptionError, type Disk, readWhole } from '../base/disk.ts'
import { listJournalFiles } from './journal-files.ts'
import {
  entriesOf,
  FRAME_ALIGNMENT,
  type FrameHeader,
  findFrame,
  identityKey,
  type JournalEntry,
  paddedFrameBytes,
} from './journal-frame.ts'
import { UnknownVersionError } from './sealed-file.ts'

/**
 * What the journal holds above the last checkpoint, read at start.
 *
 * The journal ends at the first bad frame if no later one shows that it was durable: then it was a torn or lost write that nobody was
 * told about. If a later frame was written when the bad one was already synced, bytes have rotted, and the start stops: what
 * the frame held was acknowledged.
 */
export interface JournalContents {
  /** Entries by `identityKey`, oldest first. */
  entries: Map<string, JournalEntry[]>
  /** Of the last frame that counts. */
  lastSequence: number
  /** Of all frames, also those behind a torn one: new frames get higher ones. */
  highestSequence: number
  lap: number
  frames: number
  bytes: number
}

interface FoundFrame {
  file: string
  buffer: Buffer
  at: number
  header: FrameHeader
}

/** Reads all frames with a sequence above `afterSequence`. Throws CorruptionError when one that was durable is bad. */
export async function readJournal(
  disk: Disk,
  folder: string,
  directoryTag: Buffer,
  afterSequence: number,
): Promise<JournalContents> {
  const frames: FoundFrame[] = []
  let lap = 0
  for (const name of await listJournalFiles(disk, folder)) {
    const file = `${folder}/${name}`
    const buffer = await readWhole(disk, file)
    requireKnownVersion(buffer, file)
    for (const frame of framesOf(file, buffer, directoryTag)) {
      lap = Math.max(lap, frame.header.lap)
      if (frame.header.sequence > afterSequence) frames.push(frame)
    }
  }
  frames.sort((a, b) => a.header.sequence - b.header.sequence)
  return collect(frames, afterSequence, lap, folder)
}

/** A newer program writes frames with another magic; to pass over them would lose what they hold. */
function requireKnownVersion(buffer: Buffer, file: string): void {
  const magic = buffer.toString('latin1', 0, 4)
  if (/^LHJ[2-9]$/.test(magic)) throw new UnknownVersionError(file, Number(magic[3]), 1)
}

/** Every whole frame of a file, of whichever lap: leftovers are told apart by their sequence. */
function* framesOf(file: string, buffer: Buffer, directoryTag: Buffer): Iterable<FoundFrame> {
  let at = 0
  while (at < buffer.length) {
    const header = findFrame(buffer, at, directoryTag)
    if (header) yield { file, buffer, at, header }
    at += header ? paddedFrameBytes(header.payloadBytes) : FRAME_ALIGNMENT
  }
}

function collect(
  frames: readonly FoundFrame[],
  afterSequence: number,
  lap: number,
  folder: string,
): JournalContents {
  const highestSequence = frames.at(-1)?.header.sequence ?? afterSequence
  const start = { lastSequence: afterSequence, highestSequence, lap, frames: 0, bytes: 0 }
  const contents: JournalContents = { entries: new Map(), ...start }
  let isBroken = false
  for (const { file, buffer, at, header } of frames) {
    if (header.sequence !== contents.lastSequence + 1) isBroken = true
    if (isBroken) {
      if (header.durableSequence <= contents.lastSequence) continue
      throw new CorruptionError(
        previousFile(frames, contents.lastSequence) ?? folder,
        previousEnd(frames, contents.lastSequence),
        `frame ${contents.lastSequence + 1} of the journal is unreadable, and ${file} shows at ${at} that it was durable`,
      )
    }
    for (const entry of entriesOf(buffer, at, header)) {
      const key = identityKey(entry)
      const entries = contents.entries.get(key)
      if (entries) entries.push(entry)
      else contents.entries.set(key, [entry])
    }
    contents.lastSequence = header.sequence
    contents.frames++
    contents.bytes += header.payloadBytes
  }
  return contents
}

function previousFile(frames: readonly FoundFrame[], sequence: number): string | undefined {
  return frames.find(frame => frame.header.sequence === sequence)?.file
}

function previousEnd(frames: readonly FoundFrame[], sequence: number): number {
  const frame = frames.find(candidate => candidate.header.sequence === sequence)
  return frame ? frame.at + paddedFrameBytes(frame.header.payloadBytes) : 0
}

/** One line a frame and one an entry. */
export function* describeJournal(bytes: Buffer, file: string): Iterable<string> {
  // The directory's tag stands in each frame: a dump needs no other.
  for (let at = 0; at + FRAME_ALIGNMENT <= bytes.length; ) {
    const header = findFrame(bytes, at, bytes.subarray(at + 40, at + 48))
    if (!header) {
      at += FRAME_ALIGNMENT
      continue
    }
    yield `${file} at ${at}: lap ${header.lap} sequence ${header.sequence} durable ${header.durableSequence} ` +
      `entries ${header.entries} bytes ${header.payloadBytes}`
    for (const entry of entriesOf(bytes, at, header)) {
      yield `  ${identityKey(entry)} kind ${entry.kind} segment ${entry.segment} position ${entry.position} ` +
        `offset ${entry.offset} epoch ${entry.epoch} bytes ${entry.bytes.length}`
    }
    at += paddedFrameBytes(header.payloadBytes)
  }
}
