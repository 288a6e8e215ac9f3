/** `loggerhead dump FILE…`: prints files of a data folder, each by its own format. */
import type { Command } from 'commander'
import { NodeDisk } from '../../base/node/node-disk.ts'
import { describeFile } from '../file-dump.ts'
import { printLines } from '../output.ts'

const examples = `
Examples:
  loggerhead dump data/greetings-0/00000000000000000000.log
  loggerhead dump --records data/greetings-0/*.log
  loggerhead dump data/greetings-0/leader-epoch-checkpoint data/meta.properties`

export function register(program: Command): void {
  program
    .command('dump')
    .description('print files of a data folder')
    .argument('<file...>', 'logs, indexes, snapshots, checkpoints, journals, …')
    .option('-r, --records', 'print the records of logs, not only their batches')
    .addHelpText('after', examples)
    .action(dump)
}

async function dump(files: string[], options: { records?: boolean }): Promise<void> {
  await printLines(describeFiles(files, { records: options.records ?? false }))
}

async function* describeFiles(files: string[], options: { records: boolean }): AsyncGenerator<string> {
  const disk = new NodeDisk()
  for (const file of files) {
    if (files.length > 1) yield `${file}:`
    yield* describeFile(disk, file, options)
  }
}
