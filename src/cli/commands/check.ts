/** `loggerhead check DIR`: looks for damage in a data folder, and names file and position. */
import type { Command } from 'commander'
import { UsageError } from '../failure.ts'

export function register(program: Command): void {
  program
    .command('check')
    .description('look for damage in a data folder; exit code 1 when there is some')
    .argument('<dir>', 'a data folder of a broker that is not running')
    .action(() => {
      throw new UsageError('check is not there yet')
    })
}
