/**
 * Short ASCII strings from the wire, without making them anew: topic names and client ids come by in every request.
 * A direct-mapped table of bounded size; strings that collide replace each other. What comes out of it also has its hash
 * computed already, so that look-ups in a `Map` are cheap.
 */
const slots = 1024
const lengthMax = 64
const table: string[] = new Array(slots).fill('')

/** The string, or undefined when it is too long or not ASCII. */
export function internedAscii(bytes: Buffer, start: number, length: number): string | undefined {
  if (length > lengthMax) return undefined
  let hash = length
  let union = 0
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!
    union |= byte
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  if (union > 0x7f) return undefined
  const slot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (slots - 1)
  const known = table[slot]!
  if (known.length === length && equals(known, bytes, start)) return known
  const made = bytes.toString('latin1', start, start + length)
  table[slot] = made
  return made
}

function equals(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}
