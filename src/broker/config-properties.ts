/**
 * Reads `server.properties`, the format of java.util.Properties: comments (`#`, `!`), lines continued by a backslash,
 * keys ended by `=`, `:` or white space, escapes (`\n`, `\u00e9`, `\=`). The text is UTF-8. Of a name that occurs
 * twice, the last one counts.
 */
export interface Property {
  name: string
  text: string
  /** The line of the file on which it begins, from 1. */
  line: number
}

export class PropertiesError extends Error {
  override name = 'PropertiesError'
}

export function parseProperties(source: string): Property[] {
  return logicalLines(source).map(({ text, line }) => {
    const end = keyEnd(text)
    const value = text.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    return { name: plainText(text.slice(0, end), line), text: plainText(value, line), line }
  })
}

/** Lines without comments and blanks, each joined with those that continue it. */
function logicalLines(source: string): { text: string; line: number }[] {
  const lines: { text: string; line: number }[] = []
  let continues = false
  for (const [index, raw] of source
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const text = raw.replace(/^[ \t\f]+/, '')
    if (!continues && (text === '' || text.startsWith('#') || text.startsWith('!'))) continue
    const isContinued = /(?:^|[^\\])(?:\\\\)*\\$/.test(text)
    const part = isContinued ? text.slice(0, -1) : text
    const last = lines.at(-1)
    if (continues && last) last.text += part
    else lines.push({ text: part, line: index + 1 })
    continues = isContinued
  }
  return lines
}

function keyEnd(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (/[=: \t\f]/.test(text[i]!)) return i
  }
  return text.length
}

const escapes: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function plainText(text: string, line: number): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(parseInt(code.slice(1), 16))
    if (code === 'u') throw new PropertiesError(`line ${line}: \\u needs four hexadecimal digits`)
    return escapes[code] ?? code
  })
}
