/** Standard output, for results: it waits for a slow reader, and the command ends when the reader has seen enough. */
export async function printLines(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  const { stdout } = process
  stdout.on('error', endWithReader)
  for await (const line of lines) {
    if (!stdout.write(`${line}\n`)) await new Promise(resolve => stdout.once('drain', resolve))
  }
  stdout.off('error', endWithReader)
}

function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
}
