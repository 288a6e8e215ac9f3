/** `loggerhead decode NAME VERSION HEX`: what a message's bytes say, as JSON. */
import type { Command } from 'commander'
import { UsageError } from '../failure.ts'
import { inputLines } from '../input.ts'
import { decodeLine, decodeMessage, parseVersion } from '../message-lines.ts'
import { printLines } from '../output.ts'

const examples = `
Examples:
  loggerhead decode ApiVersionsRequest 3 056b63617406312e372e3100
  loggerhead decode OffsetCommitValue 3 0000000000000005 00000002 0000 00000000000003e8
  echo '{"name":"HeartbeatResponse","version":0,"hex":"0000"}' | loggerhead decode --jsonl`

export function register(program: Command): void {
  program
    .command('decode')
    .description('print a Kafka message as JSON')
    .argument('[name]', "the message's name, such as FetchRequest")
    .argument('[version]', 'its version')
    .argument('[hex...]', 'its bytes, without header and size')
    .option('--jsonl', 'add "message" to each line {"name", "version", "hex"} of standard input')
    .addHelpText('after', examples)
    .action(decode)
}

async function decode(
  name: string | undefined,
  version: string | undefined,
  hex: string[],
  options: { jsonl?: boolean },
): Promise<void> {
  if (options.jsonl) {
    if (name !== undefined) throw new UsageError('--jsonl reads standard input and takes no arguments')
    return printLines(inputLines(decodeLine))
  }
  if (name === undefined || version === undefined || hex.length === 0) {
    throw new UsageError('decode needs NAME VERSION HEX, or --jsonl; see loggerhead decode --help')
  }
  const message = decodeMessage(name, parseVersion(version), hex.join(''))
  await printLines([JSON.stringify(message, null, process.stdout.isTTY ? 2 : 0)])
}
