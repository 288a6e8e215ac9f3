/** Standard output, for results: it waits for a slow reader, and the command ends when the reader has seen enough. */
export async function printLines(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  const { stdout } = process
  for await (const line of lines) {
    if (!stdout.write(`${line}\n`)) await new Promise(resolve => stdout.once('drain', resolve))
  }
}

/** Ends the command without a word when its reader (`| head`) has gone. */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
}
