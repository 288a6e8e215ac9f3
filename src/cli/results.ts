/** How commands print results: lines for people, JSON for programs. */
import type { Terminal } from './terminal.ts'

async function printTo(terminal: Terminal, lines: Iterable<string>): Promise<void> {
  for (const line of lines) await terminal.write(`${line}\n`)
}

async function printJson(terminal: Terminal, value: unknown): Promise<void> {
  await terminal.write(`${JSON.stringify(value)}\n`)
}

/** One JSON value, or lines. */
export async function printResult(
  terminal: Terminal,
  { json }: { json?: boolean },
  value: unknown,
  lines: () => Iterable<string>,
): Promise<void> {
  await (json ? printJson(terminal, value) : printTo(terminal, lines()))
}
