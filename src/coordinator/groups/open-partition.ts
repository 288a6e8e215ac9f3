import type { Random } from '../../base/random.ts'
import type { KeyValueEngine } from '../../storage/engine.ts'
import { RecordWriter } from '../record-writer.ts'
import type { PartitionContext } from '../runtime.ts'
import { GroupPartition } from './group-partition.ts'
import type { GroupSettings } from './group-settings.ts'
import { GroupStore } from './group-store.ts'

/**
 * Opens the groups of one partition: applies to the store what is new in the log, then makes groups of what the store holds. A
 * store that knows more than the log, or less than where the log begins, belongs to another past: it is built anew.
 */
export async function openGroupPartition(
  context: PartitionContext,
  engine: KeyValueEngine,
  settings: GroupSettings,
  random: Random,
): Promise<GroupPartition> {
  const { log, clock, partitionIndex } = context
  const store = new GroupStore(engine, partitionIndex, log.incarnation)
  await applyLog(context, store)
  const writer = new RecordWriter({
    log,
    clock,
    batchBytesMax: settings.batchBytesMax,
    apply: (records, nextOffset) => store.apply(records, nextOffset),
    fail: context.fail,
  })
  const partition = new GroupPartition({ context, store, writer, settings, random })
  await partition.load()
  return partition
}

async function applyLog(context: PartitionContext, store: GroupStore): Promise<void> {
  const { log, partitionIndex, logger } = context
  let next = (await store.readApplied()) ?? log.startOffset
  if (next > log.endOffset || next < log.startOffset) {
    await store.clear()
    next = log.startOffset
  }
  const unknown = new Set<number>()
  for await (const records of log.read(next)) {
    if (context.isStale()) return
    if (records.length === 0) continue
    for (const apiKey of await store.apply(records, records.at(-1)!.offset + 1)) unknown.add(apiKey)
  }
  if (unknown.size > 0) {
    logger.warn({ partition: partitionIndex, types: [...unknown] }, 'records of unknown types were left out')
  }
}
