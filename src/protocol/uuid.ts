/**
 * Uuids as Kafka prints them (16 bytes, URL-safe base64 without padding, 22 characters), at the cost of a table look-up:
 * the few topic ids of a cluster come by in every request, so the last 1,024 texts are kept, found by their bytes.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const digits = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) digits[alphabet.charCodeAt(i)] = i

const slots = 1024
const cachedWords = new Int32Array(4 * slots)
const cachedTexts: string[] = new Array(slots).fill('A'.repeat(22))

/** The caller has checked that 16 bytes are there. */
export function readUuid(bytes: Uint8Array, position: number): string {
  const a = readWord(bytes, position)
  const b = readWord(bytes, position + 4)
  const c = readWord(bytes, position + 8)
  const d = readWord(bytes, position + 12)
  const slot = (Math.imul(a ^ b ^ c ^ d, 0x9e3779b1) >>> 22) & (slots - 1)
  const at = slot * 4
  if (
    cachedWords[at] === a &&
    cachedWords[at + 1] === b &&
    cachedWords[at + 2] === c &&
    cachedWords[at + 3] === d
  ) {
    return cachedTexts[slot]!
  }
  const text = format(bytes, position)
  cachedWords[at] = a
  cachedWords[at + 1] = b
  cachedWords[at + 2] = c
  cachedWords[at + 3] = d
  cachedTexts[slot] = text
  return text
}

/** Writes 16 bytes; false when the text is no uuid (then part of them may be written). */
export function writeUuid(bytes: Uint8Array, position: number, text: string): boolean {
  if (text.length !== 22) return false
  let bits = 0
  let count = 0
  let at = position
  for (let i = 0; i < 22; i++) {
    const digit = digits[text.charCodeAt(i)] ?? -1
    if (digit < 0) return false
    bits = (bits << 6) | digit
    count += 6
    if (count >= 8) {
      count -= 8
      bytes[at++] = bits >>> count
      bits &= (1 << count) - 1
    }
  }
  return bits === 0 // the last digit carries four bits that must be unused
}

export function isUuid(text: string): boolean {
  return writeUuid(scratch, 0, text)
}

const scratch = new Uint8Array(16)

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function format(bytes: Uint8Array, position: number): string {
  let text = ''
  let bits = 0
  let count = 0
  for (let i = 0; i < 16; i++) {
    bits = (bits << 8) | bytes[position + i]!
    count += 8
    while (count >= 6) {
      count -= 6
      text += alphabet[(bits >>> count) & 63]
    }
    bits &= (1 << count) - 1
  }
  return text + alphabet[(bits << (6 - count)) & 63]
}
