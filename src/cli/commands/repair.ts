/** `loggerhead repair DIR`: cuts a damaged partition at a position that the operator has chosen. */
import type { Command } from 'commander'
import { NodeClock } from '../../base/node/node-clock.ts'
import { NodeDisk } from '../../base/node/node-disk.ts'
import type { Cut } from '../../storage/repair.ts'
import { UsageError } from '../failure.ts'
import { printLines } from '../output.ts'

const examples = `
The position is one that loggerhead check has named: the partition then ends with the last whole batch in front of it. It counts in the
segment with the first damage, or in the one that is named.

Examples:
  loggerhead repair data --topic-partition greetings-0 --cut-at 4096
  loggerhead repair data --topic-partition greetings-0 --cut-at 00000000000000001000.log:0`

export function register(program: Command): void {
  program
    .command('repair')
    .description('cut a damaged partition where you say; what follows is lost')
    .argument('<dir>', 'a data folder of a broker that is not running')
    .requiredOption('--topic-partition <name>', 'the folder of the partition, such as greetings-0')
    .requiredOption('--cut-at <position>', 'the first byte to be lost, as POSITION or SEGMENT:POSITION')
    .addHelpText('after', examples)
    .action(repair)
}

async function repair(dir: string, options: { topicPartition: string; cutAt: string }): Promise<void> {
  const { repairPartition } = await import('../../storage/repair.ts')
  const { endOffset, segment, position, lostBytes } = await repairPartition({
    disk: new NodeDisk(),
    clock: new NodeClock(),
    root: dir,
    folder: options.topicPartition,
    cutAt: parseCut(options.cutAt),
  })
  await printLines([
    `${options.topicPartition} ends at offset ${endOffset} now: ${lostBytes} bytes cut, from ${segment} at ${position} on`,
  ])
}

function parseCut(text: string): Cut {
  const match = /^(?:(\d{1,20})(?:\.log)?:)?(\d{1,15})$/.exec(text)
  if (!match)
    throw new UsageError(`--cut-at ${text}: give a position in bytes, or a segment and a position, as 0:4096`)
  return { segment: match[1] === undefined ? undefined : Number(match[1]), position: Number(match[2]) }
}
