/** Standard output, for results: it waits for a slow reader, and the command ends when the reader has seen enough. */
export async function printLines(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  const { stdout } = process
  for await (const line of lines) {
    if (!stdout.write(`${line}\n`)) await new Promise(resolve => stdout.once('drain', resolve))
  }
}

/** What happens when the reader (`| head`) has gone: a command that prints ends without a word, a broker serves on in silence. */
export function whenReaderGoes(stream: NodeJS.WriteStream, then: 'end' | 'go on'): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (then === 'end') process.exit(0)
  })
}
