/** Numbers in formats of records: digits, hexadecimal digits of a fixed count, or bytes. The names are rpk's. */
export interface NumberEncoding {
  /** What every number takes; undefined for digits. */
  readonly bytes: number | undefined
  write(value: number): Buffer
  /** Undefined when the bytes are no such number. */
  read(bytes: Buffer): number | undefined
}

export const NUMBER_ENCODINGS =
  'ascii, hex64, hex32, hex16, hex8, hex4, big64 … big8, little64 … little8, byte'

/** Undefined for an unknown name. */
export function findNumberEncoding(name: string): NumberEncoding | undefined {
  if (name === 'ascii' || name === 'number') return decimal
  if (name === 'byte') return inBytes(1, false)
  const match = /^(hex|big|little)(64|32|16|8|4)$/.exec(name)
  if (!match) return undefined
  const bits = Number(match[2])
  if (match[1] === 'hex') return inHex(bits / 4)
  return bits === 4 ? undefined : inBytes(bits / 8, match[1] === 'little')
}

const decimal: NumberEncoding = {
  bytes: undefined,
  write: value => Buffer.from(String(value)),
  read: bytes => {
    const text = bytes.toString('latin1').trim()
    return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
  },
}

/** Of a number that is too wide the lowest digits are left. */
function inHex(digits: number): NumberEncoding {
  return {
    bytes: digits,
    write: value =>
      Buffer.from(
        BigInt.asUintN(digits * 4, BigInt(value))
          .toString(16)
          .padStart(digits, '0'),
      ),
    read: bytes => {
      const text = bytes.toString('latin1')
      return /^[0-9a-f]+$/i.test(text) ? Number.parseInt(text, 16) : undefined
    },
  }
}

function inBytes(count: number, isLittle: boolean): NumberEncoding {
  return {
    bytes: count,
    write: value => {
      const bytes = Buffer.from(
        BigInt.asUintN(count * 8, BigInt(value))
          .toString(16)
          .padStart(count * 2, '0'),
        'hex',
      )
      return isLittle ? bytes.reverse() : bytes
    },
    read: bytes => {
      const big = isLittle ? Buffer.from(bytes).reverse() : bytes
      const value = Number(BigInt(`0x${big.toString('hex') || '0'}`))
      return Number.isSafeInteger(value) ? value : undefined
    },
  }
}
