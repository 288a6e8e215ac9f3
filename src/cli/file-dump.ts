/** Prints any file of a data folder: the name tells the format. A format's own module knows how to print it. */
import { basename } from 'node:path'
import { type Disk, readWhole } from '../base/disk.ts'
import { UsageError } from './failure.ts'

type Describe = (bytes: Buffer, file: string) => Iterable<string>

/** Names may end in the stage of a file that is being made or thrown away. */
const formats: readonly { name: RegExp; describe: () => Promise<Describe> }[] = [
  format(/^\d{20}\.index$/, async () => (await import('../storage/log/offset-index.ts')).describeOffsetIndex),
  format(/^\d{20}\.timeindex$/, async () => (await import('../storage/log/time-index.ts')).describeTimeIndex),
  format(
    /^\d{20}\.txnindex$/,
    async () => (await import('../storage/log/aborted-transactions.ts')).describeAbortedTransactions,
  ),
  format(
    /^\d{20}\.snapshot$/,
    async () => (await import('../storage/log/producer-snapshot.ts')).describeProducerSnapshot,
  ),
  format(/^\d{20}\.guard$/, async () => (await import('../storage/log/guard.ts')).describeGuard),
  format(/^base$/, async () => (await import('../storage/log/base-file.ts')).describeBase),
  format(
    /^leader-epoch-checkpoint$/,
    async () => (await import('../storage/log/leader-epochs.ts')).describeLeaderEpochs,
  ),
  format(
    /^partition\.metadata$/,
    async () => (await import('../storage/log/partition-metadata.ts')).describePartitionMetadata,
  ),
  format(/^\d{8}\.journal$/, async () => (await import('../storage/journal-recovery.ts')).describeJournal),
  format(
    /^loggerhead-checkpoint$/,
    async () => (await import('../storage/checkpoint.ts')).describeCheckpoint,
  ),
  format(
    /-checkpoint$/,
    async () => (await import('../storage/log/checkpoint-file.ts')).describeOffsetCheckpoint,
  ),
  format(/\.properties$/, async () => describeText),
]

export async function* describeFile(
  disk: Disk,
  path: string,
  options: { records: boolean },
): AsyncGenerator<string> {
  const name = basename(path).replace(/\.(cleaned|swap|deleted)$/, '')
  if (/^\d{20}\.log$/.test(name)) {
    const { describeLog } = await import('./log-dump.ts')
    yield* describeLog(disk, path, options)
    return
  }
  const known = formats.find(({ name: pattern }) => pattern.test(name))
  if (!known)
    throw new UsageError(`${path} is no file of a data folder: the name says nothing that dump knows`)
  const describe = await known.describe()
  yield* describe(await readWhole(disk, path), path)
}

function* describeText(bytes: Buffer): Iterable<string> {
  yield* bytes.toString('utf8').trimEnd().split('\n')
}

function format(name: RegExp, describe: () => Promise<Describe>) {
  return { name, describe }
}
