/**
 * Facts about Kafka 4.3 for tests, made from its own classes: schemas of all messages, API keys, error codes, and 1,250 messages
 * with their encoding.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Json } from '../../src/protocol/json.ts'

export interface KafkaField {
  name: string
  type: string
  versions?: string
  nullableVersions?: string
  taggedVersions?: string
  flexibleVersions?: string
  tag?: number
  default?: string | number | boolean | null
  fields?: KafkaField[]
}

export interface KafkaSchema {
  name: string
  type: string
  apiKey?: number
  validVersions: string
  flexibleVersions?: string
  fields?: KafkaField[]
  commonStructs?: KafkaField[]
}

export interface Vector {
  name: string
  version: number
  message: Json
  hex: string
}

export interface KafkaApi {
  key: number
  name: string
  min: number
  max: number
  listeners: string
}

export const kafkaSchemas = (): KafkaSchema[] => lines<KafkaSchema>('messages.jsonl.gz')
export const vectors = (): Vector[] => lines<Vector>('message-vectors.jsonl.gz')
export const kafkaApis = (): KafkaApi[] => JSON.parse(text('api-keys.json.gz'))
export const kafkaErrors = (): { code: number; name: string; retriable: boolean }[] =>
  JSON.parse(text('errors.json.gz'))

function lines<T>(file: string): T[] {
  return text(file)
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

function text(file: string): string {
  return gunzipSync(readFileSync(new URL(`../../src/protocol/testdata/${file}`, import.meta.url))).toString()
}
