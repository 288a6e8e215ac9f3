/** `loggerhead encode NAME VERSION JSON`: the bytes of a message, as hex. */
import type { Command } from 'commander'
import { UsageError } from '../failure.ts'
import { inputLines } from '../input.ts'
import { encodeLine, encodeMessage, parseJson, parseVersion } from '../message-lines.ts'
import { printLines } from '../output.ts'

const examples = `
Examples:
  loggerhead encode HeartbeatResponse 1 '{"throttleTimeMs": 0, "errorCode": 27}'
  echo '{"name":"HeartbeatResponse","version":0,"message":{"errorCode":0}}' | loggerhead encode --jsonl`

export function register(program: Command): void {
  program
    .command('encode')
    .description('print the bytes of a Kafka message, given as JSON')
    .argument('[name]', "the message's name, such as FetchRequest")
    .argument('[version]', 'its version')
    .argument('[json]', 'what it says, as decode prints it')
    .option('--jsonl', 'add "hex" to each line {"name", "version", "message"} of standard input')
    .addHelpText('after', examples)
    .action(encode)
}

async function encode(
  name: string | undefined,
  version: string | undefined,
  json: string | undefined,
  options: { jsonl?: boolean },
): Promise<void> {
  if (options.jsonl) {
    if (name !== undefined) throw new UsageError('--jsonl reads standard input and takes no arguments')
    return printLines(inputLines(encodeLine))
  }
  if (name === undefined || version === undefined || json === undefined) {
    throw new UsageError('encode needs NAME VERSION JSON, or --jsonl; see loggerhead encode --help')
  }
  await printLines([encodeMessage(name, parseVersion(version), parseJson(json))])
}
