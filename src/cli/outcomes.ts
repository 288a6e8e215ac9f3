/** What became of several things that one command line named: a line for each, and exit code 1 when one of them failed. */
import type { KafkaError } from '../protocol/errors.ts'
import { kafkaText } from './failure.ts'
import { printResult } from './results.ts'
import { tableLines } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface NamedOutcome {
  readonly name: string
  readonly error: KafkaError | undefined
}

/** `done` is what is said of those that worked. As JSON: `[{KIND: name, "error": null | name of the error, "message": …}]`. */
export async function printOutcomes(
  terminal: Terminal,
  options: { json?: boolean },
  outcomes: readonly NamedOutcome[],
  { kind, done }: { kind: string; done: string },
): Promise<void> {
  const values = outcomes.map(({ name, error }) => ({
    [kind]: name,
    error: error?.error ?? null,
    ...(error && { message: error.message }),
  }))
  await printResult(terminal, options, values, () =>
    tableLines(
      [kind.toUpperCase(), 'STATUS'],
      outcomes.map(({ name, error }) => [name, error ? kafkaText(error) : done]),
    ),
  )
  if (outcomes.some(({ error }) => error)) terminal.exit(1)
}
