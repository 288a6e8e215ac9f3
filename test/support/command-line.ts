import { run } from '../../src/cli/main.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

/** What a command did. */
export interface CommandResult {
  code: number
  bytes: Buffer
  /** Standard output, without the last line break. */
  lines: string[]
  /** Standard error. */
  notes: string[]
}

export interface CommandOptions {
  input?: string | Buffer | AsyncIterable<Buffer>
  env?: Record<string, string>
  /** Hears of every write; `interrupt` is Ctrl-C. */
  wrote?: (sofar: string, interrupt: () => void) => void
}

/** Runs a command line in this process, on a terminal in memory. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { input = '', env = {}, wrote } = options
  const written: Buffer[] = []
  const notes: string[] = []
  let code = 0
  let interrupt = () => {}
  const terminal: Terminal = {
    env,
    input: typeof input === 'string' || Buffer.isBuffer(input) ? oneChunk(Buffer.from(input)) : input,
    closeInput() {},
    isTyped: false,
    showsResults: false,
    write(result) {
      written.push(Buffer.from(result))
      wrote?.(Buffer.concat(written).toString(), () => interrupt())
      return undefined
    },
    note: line => void notes.push(line),
    progress() {},
    onInterrupt(callback) {
      interrupt = callback
      return () => {
        interrupt = () => {}
      }
    },
    exit(given) {
      code = given
    },
  }
  await run(args, terminal)
  const bytes = Buffer.concat(written)
  const text = bytes.toString()
  return { code, bytes, lines: text === '' ? [] : text.replace(/\n$/, '').split('\n'), notes }
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes
}
