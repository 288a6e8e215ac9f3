/** Standard input, line by line, as fast as the reader of the results takes them. Blank lines are left out. */
import { createInterface } from 'node:readline'

export async function* inputLines(convert: (line: string) => string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() !== '') yield convert(line)
  }
}
