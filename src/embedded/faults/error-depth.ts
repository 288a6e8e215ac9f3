import type { ErrorName } from '../../protocol/errors.ts'
import type { AnswerShape } from './answer-shape.ts'
import type { Part } from './refusal.ts'

/**
 * At which depth of an answer an error is told; undefined where the answer has no place for it.
 *
 * An error of a topic or a partition stands beside that; one of the whole (of a group, of a fetch session) as high as the answer tells
 * errors; any other as deep as the request names things, so that each of them gets it, as when each had failed.
 */
export function errorDepth(
  shape: AnswerShape,
  error: ErrorName,
  part: Pick<Part, 'topic' | 'partition'>,
): number | undefined {
  const depths = [shape.error, ...shape.levels.map(level => level.error)].flatMap((field, depth) =>
    field === undefined ? [] : [depth],
  )
  const firstUnnamed = shape.levels.findIndex(level => level.names === undefined)
  const namedDepth = firstUnnamed < 0 ? shape.levels.length : firstUnnamed
  if (part.partition !== undefined) return depths.find(depth => depth === depthOf(shape, 'partition'))
  if (part.topic !== undefined) {
    const topicDepth = depthOf(shape, 'topic')
    const possible = depths.filter(depth => topicDepth !== undefined && depth >= topicDepth)
    return possible.findLast(depth => depth <= namedDepth) ?? possible[0]
  }
  if (ofTheWhole.has(error)) return depths[0]
  return depths.findLast(depth => depth <= namedDepth) ?? depths[0]
}

/** Where an answer tells of topics, or of partitions, one by one. */
export function depthOf(shape: AnswerShape, subject: 'topic' | 'partition'): number | undefined {
  const index = shape.levels.findIndex(level => level.tellsOf === subject)
  return index < 0 ? undefined : index + 1
}

const ofTheWhole: ReadonlySet<ErrorName> = new Set([
  'CLUSTER_AUTHORIZATION_FAILED',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'FENCED_MEMBER_EPOCH',
  'FETCH_SESSION_ID_NOT_FOUND',
  'FETCH_SESSION_TOPIC_ID_ERROR',
  'GROUP_AUTHORIZATION_FAILED',
  'GROUP_ID_NOT_FOUND',
  'ILLEGAL_GENERATION',
  'INVALID_FETCH_SESSION_EPOCH',
  'INVALID_GROUP_ID',
  'INVALID_REQUEST',
  'INVALID_SHARE_SESSION_EPOCH',
  'NON_EMPTY_GROUP',
  'NOT_CONTROLLER',
  'NOT_COORDINATOR',
  'REBALANCE_IN_PROGRESS',
  'REBOOTSTRAP_REQUIRED',
  'SHARE_SESSION_NOT_FOUND',
  'STALE_MEMBER_EPOCH',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_MEMBER_ID',
  'UNSUPPORTED_VERSION',
])
