/**
 * Formats of records, for reading and for writing: text with verbs, such as `%k=%v\n` (the letters are rpk's).
 *
 * A verb is a percent sign and a letter, and may have braces behind it: `%v{hex}`. `%%`, `%{` and `%}` stand for themselves; `\n`, `\t`,
 * `\r`, `\0`, `\\` and `\x1f` for single bytes.
 */
import { UsageError } from './failure.ts'

export type FormatPart =
  | { readonly text: Buffer }
  | { readonly verb: string; readonly modifier: string | undefined }

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', 0: '\0', '\\': '\\' }

/** Neighbouring texts are one part. */
export function parseFormat(format: string): FormatPart[] {
  const parts: FormatPart[] = []
  let text: Buffer[] = []
  const closeText = () => {
    if (text.length > 0) parts.push({ text: Buffer.concat(text) })
    text = []
  }
  for (let at = 0; at < format.length; ) {
    const char = format[at]!
    if (char === '\\') {
      const { bytes, next } = readEscape(format, at)
      text.push(bytes)
      at = next
    } else if (char !== '%') {
      const next = nextSpecial(format, at)
      text.push(Buffer.from(format.slice(at, next)))
      at = next
    } else if ('%{}'.includes(format[at + 1] ?? ' ')) {
      text.push(Buffer.from(format[at + 1]!))
      at += 2
    } else {
      const { verb, modifier, next } = readVerb(format, at)
      closeText()
      parts.push({ verb, modifier })
      at = next
    }
  }
  closeText()
  return parts
}

function nextSpecial(format: string, from: number): number {
  let at = from
  while (at < format.length && format[at] !== '%' && format[at] !== '\\') at++
  return at
}

function readEscape(format: string, at: number): { bytes: Buffer; next: number } {
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(format.slice(at, at + 4))
  if (hex) return { bytes: Buffer.from(hex[1]!, 'hex'), next: at + 4 }
  const char = escapes[format[at + 1] ?? '']
  if (char === undefined)
    throw new UsageError(
      `format ${format}: \\${format[at + 1] ?? ''} is unknown; there are \\n \\t \\r \\0 \\\\ \\xNN`,
    )
  return { bytes: Buffer.from(char), next: at + 2 }
}

function readVerb(format: string, at: number) {
  const verb = format[at + 1]
  if (verb === undefined)
    throw new UsageError(`format ${format}: a % stands at the end; %% is a percent sign`)
  if (format[at + 2] !== '{') return { verb, modifier: undefined, next: at + 2 }
  const end = closingBrace(format, at + 2)
  return { verb, modifier: format.slice(at + 3, end), next: end + 1 }
}

/** Braces may be nested; escaped ones do not count. */
function closingBrace(format: string, open: number): number {
  let depth = 0
  for (let at = open; at < format.length; at++) {
    if (format[at] === '\\' || (format[at] === '%' && '%{}'.includes(format[at + 1] ?? ' '))) at++
    else if (format[at] === '{') depth++
    else if (format[at] === '}' && --depth === 0) return at
  }
  throw new UsageError(`format ${format}: a brace is not closed; %{ is a brace`)
}

export function unknownVerb(verb: string, known: string): UsageError {
  return new UsageError(`format: %${verb} is unknown; there are ${known}, and %% %{ %}`)
}
