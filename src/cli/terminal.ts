/**
 * What a command reads from and writes to, handed in so that tests can run whole commands in their own process: standard input and
 * output, notes and progress for the person in front of it, the environment, Ctrl-C, the exit code.
 *
 * Results go to standard output and nothing else does; notes, progress and errors go to standard error.
 */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard input, a piece at a time, as fast as it is taken. */
  readonly input: AsyncIterable<Buffer>
  /** Lets go of standard input, whatever is still to come. */
  closeInput(): void
  /** True when somebody types. */
  readonly isTyped: boolean
  /** True when results are read by a person as they come, where progress would only be in the way. */
  readonly showsResults: boolean
  /** Writes results; to be awaited when it says that the reader is slow. */
  write(result: string | Buffer): Promise<void> | undefined
  /** A line for the person, kept out of the results. */
  note(line: string): void
  /** A line that replaces itself while work is under way, and is wiped by an empty one; shown on a terminal only. */
  progress(line: string): void
  /** Calls back at Ctrl-C or SIGTERM; the second one ends the process at once. Gives what takes the callback back. */
  onInterrupt(run: () => void): () => void
  exit(code: number): void
}

/** Wipes the line that the cursor is on. */
const WIPE = '\r\x1b[K'
const INTERRUPTED = 130

/** The process's own. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin } = process
  let hasProgress = false
  const wipe = () => {
    if (hasProgress) stderr.write(WIPE)
    hasProgress = false
  }
  return {
    env: process.env,
    // A getter: looking at standard input opens it.
    get input() {
      return stdin as AsyncIterable<Buffer>
    },
    closeInput: () => void stdin.destroy(),
    get isTyped() {
      return stdin.isTTY === true
    },
    showsResults: stdout.isTTY === true,
    write(result) {
      if (stdout.write(result)) return undefined
      return new Promise(resolve => stdout.once('drain', resolve))
    },
    note(line) {
      wipe()
      stderr.write(`loggerhead: ${line}\n`)
    },
    progress(line) {
      if (!stderr.isTTY) return
      wipe()
      if (line === '') return
      stderr.write(line)
      hasProgress = true
    },
    onInterrupt(run) {
      let isEnding = false
      const interrupted = () => {
        if (isEnding) process.exit(INTERRUPTED)
        isEnding = true
        run()
      }
      process.on('SIGINT', interrupted).on('SIGTERM', interrupted)
      return () => void process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    },
    exit(code) {
      process.exitCode = code
    },
  }
}
