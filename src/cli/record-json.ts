/**
 * A record as a JSON object. Bytes that are UTF-8 are text; others stand in base64 under a name of their own (`valueBase64`), so that a
 * program can tell them apart and loses nothing.
 */
import type { HeaderInput } from '../protocol/record-writer.ts'
import { bytesOf, type ShownRecord } from './record-format.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function recordJson(record: ShownRecord, { metaOnly = false } = {}): Record<string, unknown> {
  const { topic, partition, offset, timestamp, key, value, headers } = record
  return {
    topic,
    partition,
    offset,
    timestamp,
    ...named('key', key),
    ...(metaOnly ? { valueBytes: value?.length ?? null } : named('value', value)),
    headers: headers.map(headerJson),
  }
}

function headerJson({ key, value }: HeaderInput): Record<string, unknown> {
  return { ...named('key', bytesOf(key)), ...named('value', value === null ? null : bytesOf(value)) }
}

function named(name: string, bytes: Buffer | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  try {
    return { [name]: decoder.decode(bytes) }
  } catch {
    return { [`${name}Base64`]: bytes.toString('base64') }
  }
}
