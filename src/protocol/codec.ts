/**
 * Compiles a schema for one version into a function that reads a message, and one that writes it.
 *
 * Every test of version, nullability and compactness is made here, once; the compiled code is JavaScript as one would write
 * it by hand for that version (`decoderSource` shows it), made with `new Function` from constants of ours only. Against
 * closures over the schema this is two to four times faster, because each struct is one object literal of one shape.
 * Codecs are compiled when first needed and kept on the message.
 */
import { decoderSource } from './decoder-source.ts'
import { encoderSource } from './encoder-source.ts'
import { KafkaError } from './errors.ts'
import { Reader } from './reader.ts'
import type { AnyMessage, Decoded, Encodable, Fields, Message } from './schema.ts'
import { Writer } from './writer.ts'

export type Decode<F extends Fields> = (reader: Reader) => Decoded<F>
export type Encode<F extends Fields> = (writer: Writer, message: Encodable<F>) => void

export function decoderOf<F extends Fields>(message: Message<F>, version: number): Decode<F> {
  return message.decoders[version] ?? compileDecoder(message, version)
}

export function encoderOf<F extends Fields>(message: Message<F>, version: number): Encode<F> {
  return message.encoders[version] ?? compileEncoder(message, version)
}

/** Reads a message that fills `bytes`. */
export function decode<F extends Fields>(message: Message<F>, version: number, bytes: Buffer): Decoded<F> {
  return decodeFrom(new Reader(bytes), message, version)
}

/** Reads a message that fills the rest of the reader's bytes, as a body does behind its header. */
export function decodeFrom<F extends Fields>(
  reader: Reader,
  message: Message<F>,
  version: number,
): Decoded<F> {
  const decoded = decoderOf(message, version)(reader)
  reader.requireEnd(message.name)
  return decoded
}

/** The message's bytes in one buffer; copy it to keep it for long. */
export function encode<F extends Fields>(message: Message<F>, version: number, value: Encodable<F>): Buffer {
  const writer = new Writer()
  encoderOf(message, version)(writer, value)
  const parts = writer.finish()
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function compileDecoder<F extends Fields>(message: Message<F>, version: number): Decode<F> {
  requireVersion(message, version)
  const { source, constants } = decoderSource(message, version)
  const decoder = new Function('constants', source)(constants) as Decode<F>
  message.decoders[version] = decoder
  return decoder
}

function compileEncoder<F extends Fields>(message: Message<F>, version: number): Encode<F> {
  requireVersion(message, version)
  const encoder = new Function(encoderSource(message, version))() as Encode<F>
  message.encoders[version] = encoder
  return encoder
}

function requireVersion(message: AnyMessage, version: number): void {
  const [first, last] = message.versions
  if (!Number.isInteger(version) || version < first || version > last) {
    const range = first === last ? `${first}` : `${first} to ${last}`
    throw new KafkaError('UNSUPPORTED_VERSION', `${message.name} has no version ${version}, only ${range}`)
  }
}
