/** Our own command line, run as its users run it, against whichever broker. */
import { fileURLToPath } from 'node:url'
import { brokerNode } from '../support/broker.ts'
import { run } from '../support/process.ts'

const bin = fileURLToPath(new URL('../../bin/loggerhead.js', import.meta.url))

export interface Answer {
  code: number
  /** Standard output, line by line; JSON as values. */
  lines: unknown[]
  errors: string[]
}

/** Addresses, ids and times differ from run to run. */
function comparable(text: string, bootstrap: string): string[] {
  return text
    .replaceAll(bootstrap, 'BROKER')
    .split('\n')
    .filter(line => line !== '')
}

/** A `Cli` runs one command line. */
export type Cli = (args: readonly string[], input?: string | Buffer) => Promise<Answer>

export function cliFor(bootstrap: string): Cli {
  return async (args, input = '') => {
    const env = { ...process.env, LOGGERHEAD_BROKERS: bootstrap }
    const { code, stdout, stderr } = await run(brokerNode(), [bin, ...args], {
      input,
      env,
      timeoutMs: 60_000,
    })
    const lines = comparable(stdout, bootstrap)
    return {
      code,
      lines: args.includes('--json') ? lines.map(line => JSON.parse(line) as unknown) : lines,
      errors: comparable(stderr, bootstrap),
    }
  }
}
