import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const FOLDERS = new URL('../../src/storage/log/testdata/kafka-log/', import.meta.url)

/** A file of a folder that Apache Kafka wrote: `golden-0`, `txn-0` or `checkpoints`. */
export function readKafkaFile(folder: string, name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`${folder}/${name}.gz`, FOLDERS)))
}

/** The names of the files in such a folder. */
export function listKafkaFiles(folder: string): string[] {
  return readdirSync(new URL(folder, FOLDERS)).map(name => name.replace(/\.gz$/, ''))
}
