/**
 * The names in a log directory, as Kafka has them. No path is built from a name that has not passed here.
 *
 * A partition's folder is `TOPIC-N`; on its way out it is `TOPIC-N.<32 hex digits>-delete`, where the topic is cut to keep the
 * name within 255 bytes. In the folder, files belong to a segment and bear its first offset in 20 digits. A file that is
 * being made or thrown away has one more suffix.
 */
import { assert } from '../../base/assert.ts'

export const SEGMENT_SUFFIXES = ['.log', '.index', '.timeindex', '.txnindex', '.snapshot', '.guard'] as const
export type SegmentSuffix = (typeof SEGMENT_SUFFIXES)[number]

/** `.cleaned`: being written by compaction. `.swap`: complete, about to replace segments. `.deleted`: to be removed. */
export type SegmentStage = '.cleaned' | '.swap' | '.deleted'

export interface SegmentName {
  /** The segment's first offset; of a snapshot, the offset up to which it knows the log. */
  baseOffset: number
  suffix: SegmentSuffix
  /** Missing for a file in use. */
  stage?: SegmentStage
}

/** `live`: in use. `delete`: to be removed. `future`: a copy on its way from another log directory. `stray`: a folder that the cluster no
 * longer knows. */
export type FolderStage = 'live' | 'delete' | 'future' | 'stray'

export interface FolderName {
  /** Cut in a long name of stage `delete` or `stray`. */
  topic: string
  partition: number
  stage: FolderStage
}

const TOPIC_LENGTH_MAX = 249
const NAME_LENGTH_MAX = 255
const PARTITION_MAX = 0x7fff_ffff
const SEGMENT_NAME =
  /^(\d{20})(\.log|\.index|\.timeindex|\.txnindex|\.snapshot|\.guard)(\.cleaned|\.swap|\.deleted)?$/
const LIVE_FOLDER = /^([a-zA-Z0-9._-]+)-(0|[1-9]\d{0,9})$/
const OTHER_FOLDER = /^([a-zA-Z0-9._-]*)-(0|[1-9]\d{0,9})\.[0-9a-f]{32}-(delete|future|stray)$/

export function segmentName(
  baseOffset: number,
  suffix: SegmentSuffix,
  stage: SegmentStage | '' = '',
): string {
  assert(Number.isSafeInteger(baseOffset) && baseOffset >= 0, `not an offset: ${baseOffset}`)
  return `${String(baseOffset).padStart(20, '0')}${suffix}${stage}`
}

/** Undefined for a file that is none of a segment's. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = SEGMENT_NAME.exec(name)
  if (!match) return undefined
  const baseOffset = Number(match[1])
  if (!Number.isSafeInteger(baseOffset)) return undefined
  const suffix = match[2] as SegmentSuffix
  const stage = match[3] as SegmentStage | undefined
  return stage === undefined ? { baseOffset, suffix } : { baseOffset, suffix, stage }
}

/** The same for a path, where the name must be a segment's: its offset is needed to read the file. */
export function requireSegmentName(path: string): SegmentName {
  const parsed = parseSegmentName(path.slice(path.lastIndexOf('/') + 1))
  if (!parsed)
    throw new RangeError(`${path} does not bear the name of a segment's file (20 digits and a known suffix)`)
  return parsed
}

export function folderName(topic: string, partition: number): string {
  assert(findTopicNameFault(topic) === undefined, `not a topic name: ${topic}`)
  assert(
    Number.isInteger(partition) && partition >= 0 && partition <= PARTITION_MAX,
    `not a partition: ${partition}`,
  )
  return `${topic}-${partition}`
}

/** The name under which a folder waits for its removal. The unique id is 32 hexadecimal digits. */
export function deletedFolderName(topic: string, partition: number, uniqueId: string): string {
  assert(/^[0-9a-f]{32}$/.test(uniqueId), `not a unique id: ${uniqueId}`)
  const rest = `-${partition}.${uniqueId}-delete`
  return folderName(topic, partition).slice(0, Math.min(topic.length, NAME_LENGTH_MAX - rest.length)) + rest
}

/** The name of a copy that is on its way to another log directory. */
export function futureFolderName(topic: string, partition: number, uniqueId: string): string {
  return deletedFolderName(topic, partition, uniqueId).replace(/delete$/, 'future')
}

/** The name of a folder that belongs to none of the topics: it is kept, and not used. */
export function strayFolderName(topic: string, partition: number, uniqueId: string): string {
  return deletedFolderName(topic, partition, uniqueId).replace(/delete$/, 'stray')
}

/** Undefined for a name that is no partition's folder. */
export function parseFolderName(name: string): FolderName | undefined {
  const live = LIVE_FOLDER.exec(name)
  const match = live ?? OTHER_FOLDER.exec(name)
  if (!match) return undefined
  const topic = match[1]!
  const partition = Number(match[2])
  if (partition > PARTITION_MAX || findTopicNameFault(topic) !== undefined) return undefined
  return { topic, partition, stage: live ? 'live' : (match[3] as FolderStage) }
}

/** What is wrong with a topic's name, in words for its creator; undefined when nothing is. */
export function findTopicNameFault(topic: string): string | undefined {
  if (topic.length === 0) return 'a topic name must not be empty'
  if (topic === '.' || topic === '..') return `a topic name must not be "${topic}"`
  if (topic.length > TOPIC_LENGTH_MAX)
    return `a topic name has at most ${TOPIC_LENGTH_MAX} characters, not ${topic.length}`
  if (!/^[a-zA-Z0-9._-]+$/.test(topic))
    return 'a topic name consists of ASCII letters, digits, ".", "_" and "-"'
  return undefined
}
