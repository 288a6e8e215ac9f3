import { CorruptionError, readIfExists, replaceFile } from '../../base/disk.ts'
import { Guard, GuardBuilder } from './guard.ts'
import type { LogEnvironment } from './log-environment.ts'

/** The guard file of a segment: read when the segment first is, and made for segments that came without one. */
interface GuardedSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  file(suffix: '.guard'): string
  read(position: number, length: number): Promise<Buffer>
}

const CHUNK_BYTES = 1 << 20

/** Undefined when there is none: then the segment has no gaps. */
export async function loadGuard(
  { disk, logger }: LogEnvironment,
  segment: GuardedSegment,
): Promise<Guard | undefined> {
  const path = segment.file('.guard')
  try {
    const bytes = await readIfExists(disk, path)
    const guard = bytes && Guard.parse(bytes, path)
    if (guard && guard.baseOffset !== segment.baseOffset) {
      throw new CorruptionError(path, 0, `it belongs to segment ${guard.baseOffset}`)
    }
    return guard
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error
    // Without it the batches' own checksums and the order of their offsets remain.
    logger.error({ event: 'guard-damaged', file: path, position: error.position }, error.message)
    return Guard.none(segment.baseOffset, segment.sizeBytes)
  }
}

export async function writeGuard({ disk }: LogEnvironment, segment: GuardedSegment): Promise<void> {
  const builder = new GuardBuilder(segment.baseOffset)
  for (let position = 0; position < segment.sizeBytes; position += CHUNK_BYTES) {
    builder.add(await segment.read(position, CHUNK_BYTES))
  }
  await replaceFile(disk, segment.file('.guard'), builder.format())
}
