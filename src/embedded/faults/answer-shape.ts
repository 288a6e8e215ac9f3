import { type AnyApi, type AnyField, type Fields, hasVersion } from '../../protocol/schema.ts'

/**
 * Where the answer of an API tells errors, found in its schema: for the whole answer, and in lists within lists (topics, their partitions)
 * for one thing at a time.
 *
 * A list of the answer belongs to the list of the request whose entries share a field with its own, or are plain values (names of groups,
 * numbers of partitions) that stand for the first field of their type. Where there is none, the answer itself chooses what it tells of.
 */
export interface AnswerShape {
  readonly version: number
  /** Of the answer's top, as all fields here only those that the version has. */
  readonly fields: Fields
  /** The field of the error code of the whole answer. */
  readonly error: string | undefined
  /** From the outermost list to the innermost. */
  readonly levels: readonly Level[]
  /** The answer holds more than the list: it is needed whatever is refused. */
  readonly tellsMore: boolean
}

export interface Level {
  /** The list in the answer. */
  readonly list: string
  readonly fields: Fields
  readonly error: string | undefined
  readonly names: Names | undefined
  readonly tellsOf: 'topic' | 'partition' | 'other'
}

/** How the request names the entries of a list. */
export interface Names {
  readonly list: string
  /** Fields of an entry in the request and in the answer; null where the request's entry is the plain value. */
  readonly keys: readonly { readonly request: string | null; readonly answer: string }[]
}

const ERROR_FIELDS = ['errorCode', 'partitionErrorCode']
/** In the order in which they count: a result may have an `index` of its own. */
const PARTITION_FIELDS = ['partitionIndex', 'partition', 'partitionId', 'index']
const TOPIC_FIELDS = ['topic', 'topicName', 'topicId', 'resourceName']
export const MESSAGE_FIELD = 'errorMessage'

export function answerShape(api: AnyApi, version: number): AnswerShape {
  const fields = present(api.response.fields, version)
  const levels = findLevels(present(api.request.fields, version), fields, version)
  const isMore = ([name, field]: [string, AnyField]) =>
    field.kind === 'array' && !field.omittable && name !== levels[0]?.list
  return {
    version,
    fields,
    error: errorFieldOf(fields),
    levels,
    tellsMore: levels.length > 0 && Object.entries(fields).some(isMore),
  }
}

/** The partition that an entry is about, in a request or an answer. */
export function partitionOf(entry: unknown): number | undefined {
  if (typeof entry === 'number') return entry
  const name = PARTITION_FIELDS.find(field => field in (entry as object))
  return name === undefined ? undefined : (entry as Record<string, number>)[name]
}

const TOPIC_RESOURCE = 2

/** The topic that an entry is about: by its name, by its id, or as a resource with configs. */
export function topicOf(entry: unknown, findName: (topicId: string) => string | undefined) {
  if (typeof entry === 'string') return entry
  const { topic, topicName, name, topicId, resourceType, resourceName } = entry as Record<string, unknown>
  if (resourceName !== undefined)
    return resourceType === TOPIC_RESOURCE ? (resourceName as string) : undefined
  const known = topic || topicName || name
  if (known) return known as string
  return typeof topicId === 'string' ? findName(topicId) : undefined
}

function findLevels(request: Fields | undefined, answer: Fields, version: number): Level[] {
  for (const [list, field] of Object.entries(answer)) {
    if (field.kind !== 'array' || field.element?.kind !== 'struct') continue
    const fields = present(field.element.fields!, version)
    const named = findNames(request ?? {}, fields, version)
    const inner = findLevels(named?.fields, fields, version)
    const error = errorFieldOf(fields)
    if (error === undefined && inner.length === 0) continue
    const names = named && { list: named.list, keys: named.keys }
    return [{ list, fields, error, names, tellsOf: subjectOf(fields, [list, named?.list]) }, ...inner]
  }
  return []
}

function findNames(
  request: Fields,
  answer: Fields,
  version: number,
): (Names & { fields: Fields | undefined }) | undefined {
  for (const [list, { kind, element }] of Object.entries(request)) {
    if (kind !== 'array') continue
    const fields = element!.kind === 'struct' ? present(element!.fields!, version) : undefined
    const keys = fields ? sharedKeys(fields, answer) : plainKey(element!, answer)
    if (keys.length > 0) return { list, keys, fields }
  }
  return undefined
}

/** What the answer repeats of the request; a partition may have another name there. */
function sharedKeys(request: Fields, answer: Fields): Names['keys'] {
  const keys = Object.entries(answer)
    .filter(([name, field]) => request[name] && isRepeated(request[name], field))
    .map(([name]) => ({ request: name, answer: name }))
  const [asked, told] = [request, answer].map(fields => PARTITION_FIELDS.find(name => name in fields))
  if (asked !== undefined && told !== undefined && asked !== told) keys.push({ request: asked, answer: told })
  return keys
}

/** Names and ids always; a number only where neither side can do without, since others tell results under the same name. */
function isRepeated(asked: AnyField, told: AnyField): boolean {
  if (asked.kind !== told.kind) return false
  if (told.kind === 'string' || told.kind === 'uuid') return true
  if (told.kind === 'array') return isAlike(asked.element!, told.element!)
  return isNumber(told) && !told.omittable && !asked.omittable
}

function isAlike(one: AnyField, other: AnyField): boolean {
  if (one.kind !== 'struct' || other.kind !== 'struct') return false
  const names = Object.keys(one.fields!)
  return names.length === Object.keys(other.fields!).length && names.every(name => name in other.fields!)
}

function plainKey(element: AnyField, answer: Fields): Names['keys'] {
  const first = Object.entries(answer).find(
    ([name, { kind }]) => kind === element.kind && name !== MESSAGE_FIELD,
  )
  return first ? [{ request: null, answer: first[0] }] : []
}

function subjectOf(fields: Fields, lists: readonly (string | undefined)[]): Level['tellsOf'] {
  if (PARTITION_FIELDS.some(name => fields[name]?.kind === 'int32')) return 'partition'
  const isList = lists.some(list => list !== undefined && /topic/i.test(list))
  return TOPIC_FIELDS.some(name => name in fields) || (isList && 'name' in fields) ? 'topic' : 'other'
}

function errorFieldOf(fields: Fields): string | undefined {
  return ERROR_FIELDS.find(name => fields[name]?.kind === 'int16')
}

function isNumber({ kind }: AnyField): boolean {
  return kind === 'int8' || kind === 'int16' || kind === 'int32' || kind === 'int64'
}

function present(fields: Fields, version: number): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => hasVersion(field, version)))
}
