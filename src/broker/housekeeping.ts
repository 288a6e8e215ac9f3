import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import type { World } from '../base/world.ts'
import { Cleaner } from '../storage/log/cleaner.ts'
import { RetentionClock } from '../storage/log/retention-clock.ts'
import { RetentionKeeper } from '../storage/log/retention-keeper.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { Config } from './config.ts'
import { DiskSpace } from './disk-space.ts'

/** What keeps the logs in bounds while the broker runs: retention, compaction, and an eye on the free space. */
export interface Housekeeping {
  readonly space: DiskSpace
  readonly retention: RetentionKeeper
  readonly cleaner: Cleaner
  registerMetrics(metrics: Metrics): void
  close(): Promise<void>
}

export interface HousekeepingOptions extends Pick<World, 'disk' | 'clock'> {
  config: Config
  logger: Logger
  directories: readonly LogDirectory[]
}

export async function startHousekeeping(options: HousekeepingOptions): Promise<Housekeeping> {
  const { config, disk, clock, logger, directories } = options
  const time = new RetentionClock(clock)
  const parts = { directories, clock, time, logger }
  const retention = new RetentionKeeper({
    ...parts,
    intervalMs: config.value('log.retention.check.interval.ms'),
  })
  const cleaner = new Cleaner({
    ...parts,
    backoffMs: config.value('log.cleaner.backoff.ms'),
    keyBytesMax: config.value('log.cleaner.dedupe.buffer.size'),
  })
  const space = new DiskSpace({
    disk,
    clock,
    logger,
    directories,
    reserveBytes: config.value('loggerhead.disk.reserve.bytes'),
    reserveRatio: config.value('loggerhead.disk.reserve.ratio'),
    alertRatio: config.value('loggerhead.disk.alert.ratio'),
    onReserve: () => void retention.run({ urgent: true }),
  })
  await space.start()
  retention.start()
  if (config.value('log.cleaner.enable')) cleaner.start()
  return {
    space,
    retention,
    cleaner,
    registerMetrics(metrics) {
      registerSpace(metrics, space)
      registerCounters(metrics, retention, cleaner)
    },
    async close() {
      space.close()
      await Promise.all([retention.close(), cleaner.close()])
    },
  }
}

function registerSpace(metrics: Metrics, space: DiskSpace): void {
  const each = (
    read: (directory: DiskSpace['directories'] extends Iterable<infer T> ? T : never) => number,
  ) => Array.from(space.directories, one => ({ labels: { directory: one.root }, value: read(one) }))
  metrics.gauge('loggerhead_disk_available_bytes', 'Free space of the disk of a log directory.', () =>
    each(one => one.availableBytes),
  )
  metrics.gauge('loggerhead_disk_reserve_bytes', 'Free space under which producers are refused.', () =>
    each(one => one.reserveBytes),
  )
  metrics.gauge('loggerhead_disk_alert', '1 when more is used than loggerhead.disk.alert.ratio says.', () =>
    each(one => Number(one.isAlerting)),
  )
  metrics.gauge('loggerhead_disk_refusing', '1 while producers are refused for lack of space.', () =>
    each(one => Number(one.isRefusing)),
  )
}

function registerCounters(metrics: Metrics, retention: RetentionKeeper, cleaner: Cleaner): void {
  metrics.counter(
    'loggerhead_retention_segments_total',
    'Segments that retention took away.',
    () => retention.counters.segments,
  )
  metrics.counter(
    'loggerhead_retention_bytes_total',
    'Bytes that retention took away.',
    () => retention.counters.bytes,
  )
  metrics.counter(
    'loggerhead_compaction_rounds_total',
    'Rounds of compaction.',
    () => cleaner.counters.rounds,
  )
  metrics.counter('loggerhead_compaction_bytes_total', 'Bytes that compaction read and left.', () => [
    { labels: { what: 'read' }, value: cleaner.counters.bytesBefore },
    { labels: { what: 'left' }, value: cleaner.counters.bytesAfter },
  ])
  metrics.gauge(
    'loggerhead_compaction_uncleanable_logs',
    'Logs that compaction gave up on.',
    () => cleaner.counters.uncleanable,
  )
}
