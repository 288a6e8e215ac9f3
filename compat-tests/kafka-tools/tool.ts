/** A run of one of Kafka's tools, and what it printed. */
import { kafkaTool, type Tool } from '../support/kafka-jars.ts'

/** What a tool prints, as rows of words; log lines, ids, times and folders are not for comparing. */
export function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter(line => line.trim() && !line.startsWith('[') && !line.startsWith('\tat '))
    .map(line =>
      line
        .replaceAll(/TopicId: \S+/g, 'TopicId')
        .replaceAll(/("log_dirs":\[")\/[^"]*/g, '$1FOLDER')
        .trim()
        .split(/\s+/),
    )
}

export interface Answer {
  code: number
  rows: string[][]
}

export async function tool(
  name: Tool,
  bootstrap: string,
  args: readonly string[],
  input?: string,
): Promise<Answer> {
  const options = { timeoutMs: 60_000, ...(input !== undefined && { input }) }
  const where = ['--bootstrap-server', bootstrap]
  // This one takes its command first, others want the broker in front of theirs.
  const all = name === 'kafka-cluster' ? [...args, ...where] : [...where, ...args]
  const { code, stdout } = await kafkaTool(name, all, options)
  return { code, rows: rows(stdout) }
}
