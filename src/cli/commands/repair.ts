/** `loggerhead repair DIR`: cuts a damaged partition at a position that the operator has chosen. */
import type { Command } from 'commander'
import { UsageError } from '../failure.ts'

const examples = `
The position is one that loggerhead check has named. What follows it in the partition is lost.

Example:
  loggerhead repair data --topic-partition greetings-0 --cut-at 4096`

export function register(program: Command): void {
  program
    .command('repair')
    .description('cut a damaged partition where you say; what follows is lost')
    .argument('<dir>', 'a data folder of a broker that is not running')
    .requiredOption('--topic-partition <name>', 'the folder of the partition, such as greetings-0')
    .requiredOption('--cut-at <position>', 'the first byte to be lost')
    .addHelpText('after', examples)
    .action(() => {
      throw new UsageError('repair is not there yet')
    })
}
