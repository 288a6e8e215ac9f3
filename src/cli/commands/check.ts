/** `loggerhead check DIR`: looks for damage in a data folder, and names file and position. */
import type { Command } from 'commander'
import { NodeDisk } from '../../base/node/node-disk.ts'
import { checkDirectory } from '../../storage/check.ts'
import { printLines } from '../output.ts'

export function register(program: Command): void {
  program
    .command('check')
    .description('look for damage in a data folder; exit code 1 when there is some')
    .argument('<dir>', 'a data folder of a broker that is not running')
    .action(check)
}

async function check(dir: string): Promise<void> {
  const disk = new NodeDisk()
  const hasLock = await disk.exists(`${dir}/.lock`)
  const lock = hasLock ? await disk.lock(dir, 'loggerhead check') : undefined
  try {
    await printLines(lines(disk, dir))
  } finally {
    await lock?.release()
  }
}

async function* lines(disk: NodeDisk, dir: string): AsyncGenerator<string> {
  let damaged = 0
  for await (const { kind, file, position, reason } of checkDirectory(disk, dir)) {
    yield `${kind}: ${file} at ${position}: ${reason}`
    if (kind === 'damage') damaged++
  }
  yield damaged === 0
    ? `${dir} is whole`
    : `${damaged} damaged ${damaged === 1 ? 'place' : 'places'} in ${dir}`
  if (damaged > 0) process.exitCode = 1
}
