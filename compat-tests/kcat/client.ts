/** kcat, and librdkafka with it, as run from a shell. */
import { type Finished, type RunOptions, run, runOrThrow } from '../support/process.ts'

const timeoutMs = 30_000

export const kcat = (
  bootstrap: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> => run('kcat', ['-b', bootstrap, ...args], { timeoutMs, ...options })

export async function kcatOrThrow(
  bootstrap: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  return runOrThrow('kcat', ['-b', bootstrap, ...args], { timeoutMs, ...(input !== undefined && { input }) })
}

/** Produces one record a line. */
export async function kcatProduce(
  bootstrap: string,
  topic: string,
  lines: readonly string[],
  args: readonly string[] = [],
): Promise<void> {
  await kcatOrThrow(bootstrap, ['-P', '-t', topic, ...args], lines.map(line => `${line}\n`).join(''))
}

export interface KcatRecord {
  partition: number
  offset: number
  key: string | null
  payload: string | null
  headers?: string[]
}

/** Reads a topic to its end, partition by partition. */
export async function kcatRead(
  bootstrap: string,
  topic: string,
  args: readonly string[] = ['-o', 'beginning'],
): Promise<KcatRecord[]> {
  return recordsIn(await kcatOrThrow(bootstrap, ['-C', '-t', topic, '-e', '-q', '-J', ...args]))
}

/** Reads as a member of a group until every assigned partition is at its end. */
export async function kcatGroupRead(
  bootstrap: string,
  group: string,
  topic: string,
  args: readonly string[] = [],
): Promise<KcatRecord[]> {
  const settings = ['-X', 'auto.offset.reset=earliest', ...args]
  return recordsIn(await kcatOrThrow(bootstrap, ['-G', group, '-e', '-q', '-J', ...settings, topic]))
}

function recordsIn(output: string): KcatRecord[] {
  return output
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const { partition, offset, key, payload, headers } = JSON.parse(line) as KcatRecord
      return { partition, offset, key: key ?? null, payload: payload ?? null, ...(headers && { headers }) }
    })
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** The errors that librdkafka reports, without times, addresses and thread names. */
export function complaint({ code, stderr }: Finished): { code: number; reasons: string[] } {
  const reasons = [...stderr.matchAll(/(?:Broker|Local): [A-Za-z ()/_-]+[a-z)]/g)].map(([reason]) => reason)
  return { code, reasons: [...new Set(reasons)].sort() }
}
