/**
 * Messages as text, one way and the other: what `loggerhead decode` and `encode` do, for one message or for a line of JSON.
 * In a line that cannot be converted an `error` takes the place of the missing part.
 */
import { findAnyMessage } from '../protocol/catalogue.ts'
import { decode, encode, encoderOf } from '../protocol/codec.ts'
import { KafkaError } from '../protocol/errors.ts'
import { type Json, messageFromJson, messageToJson } from '../protocol/json.ts'
import { DecodeError } from '../protocol/reader.ts'
import type { AnyMessage } from '../protocol/schema.ts'
import { EncodeError } from '../protocol/writer.ts'
import { InputError } from './failure.ts'

/** The message in `hex` as JSON; an `InputError` says in one line what is wrong. */
export function decodeMessage(name: string, version: number, hex: string): Json {
  if (hex.length % 2 === 1 || !/^[0-9a-f]*$/i.test(hex)) throw new InputError('the bytes are not hex')
  return sayingWhy(() => {
    const message = requireMessage(name)
    return messageToJson(message, version, decode(message, version, Buffer.from(hex, 'hex')))
  })
}

/** The bytes of a message as hex. */
export function encodeMessage(name: string, version: number, json: Json): string {
  return sayingWhy(() => {
    const message = requireMessage(name)
    encoderOf(message, version) // an unknown version is to be told before anything else
    return encode(message, version, messageFromJson(message, version, json)).toString('hex')
  })
}

/** Adds `message` to a line `{"name", "version", "hex"}`. */
export function decodeLine(line: string): string {
  return withAdded(line, 'message', ({ name, version, hex }) => {
    if (typeof hex !== 'string') throw new InputError('hex is missing')
    return decodeMessage(requireName(name), requireVersion(version), hex)
  })
}

/** Adds `hex` to a line `{"name", "version", "message"}`. */
export function encodeLine(line: string): string {
  return withAdded(line, 'hex', ({ name, version, message }) => {
    if (message === undefined) throw new InputError('message is missing')
    return encodeMessage(requireName(name), requireVersion(version), message)
  })
}

/** JSON as typed on a command line or read from a file. */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InputError(`this is not JSON: ${(error as Error).message}`)
  }
}

/** A version as typed on a command line. */
export function parseVersion(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InputError(`version ${text} is not a whole number`)
  return Number(text)
}

type Line = Readonly<Record<string, Json>>

function withAdded(text: string, part: 'hex' | 'message', convert: (line: Line) => Json): string {
  let line: Line = {}
  try {
    const json = parseJson(text)
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new InputError('the line is not a JSON object')
    }
    line = json as Line
    return JSON.stringify({ ...line, [part]: convert(line) })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { [part]: _, ...rest } = line
    return JSON.stringify({ ...rest, error: error.message })
  }
}

function requireMessage(name: string): AnyMessage {
  const message = findAnyMessage(name)
  if (!message) throw new InputError(`no message is named ${name}; names are like FetchRequest`)
  return message
}

function requireName(name: Json | undefined): string {
  if (typeof name !== 'string') throw new InputError('name is missing')
  return name
}

function requireVersion(version: Json | undefined): number {
  if (typeof version !== 'number' || !Number.isInteger(version)) throw new InputError('version is missing')
  return version
}

function sayingWhy<T>(convert: () => T): T {
  try {
    return convert()
  } catch (error) {
    const isForeseen =
      error instanceof DecodeError || error instanceof EncodeError || error instanceof KafkaError
    throw isForeseen ? new InputError(error.message) : error
  }
}
