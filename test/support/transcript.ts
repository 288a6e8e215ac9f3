import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/**
 * Transcript tests: a file says what is done, line by line, and what came of it, so that a change of behaviour is read as a diff.
 *
 *     # a comment, kept
 *     a command
 *     another
 *     ----
 *     what came of them
 *
 * An empty line ends a block; all blocks of a file share one subject. `UPDATE_TRANSCRIPTS=1` writes the files anew.
 */
export function describeTranscripts(folder: URL, open: () => (command: string) => string[]): void {
  const names = readdirSync(folder).filter(name => name.endsWith('.txt'))
  test.each(names.sort())('%s', name => {
    const file = new URL(name, folder)
    const text = readFileSync(file, 'utf8')
    const run = open()
    const blocks = text.trimEnd().split(/\n\n+/)
    const actual = `${blocks.map(block => runBlock(block, run)).join('\n\n')}\n`
    if (process.env.UPDATE_TRANSCRIPTS) writeFileSync(file, actual)
    else expect(actual).toBe(text)
  })
}

function runBlock(block: string, run: (command: string) => string[]): string {
  const lines = block.split('\n')
  const divider = lines.indexOf('----')
  const commands = divider < 0 ? lines : lines.slice(0, divider)
  const real = commands.filter(line => !line.startsWith('#') && line !== '')
  if (real.length === 0) return block
  return [...commands, '----', ...real.flatMap(run)].join('\n')
}
