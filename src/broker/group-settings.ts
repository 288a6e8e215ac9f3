import type { GroupSettings } from '../coordinator/groups/group-settings.ts'
import type { Config } from './config.ts'

/** How long a first generation waits for stragglers in development mode, so that a test's consumers meet in one. */
const DEV_STRAGGLER_MS = 5

/** The group coordinator's view of the broker's settings. */
export function groupSettingsOf(config: Config): Partial<GroupSettings> {
  const straggler = config.value('loggerhead.group.straggler.delay.ms')
  const isDev = config.value('loggerhead.dev') && !config.isGiven('loggerhead.group.straggler.delay.ms')
  return {
    groupMinSessionTimeoutMs: config.value('group.min.session.timeout.ms'),
    groupMaxSessionTimeoutMs: config.value('group.max.session.timeout.ms'),
    groupInitialRebalanceDelayMs: config.value('group.initial.rebalance.delay.ms'),
    groupMaxSize: config.value('group.max.size'),
    offsetMetadataMaxBytes: config.value('offset.metadata.max.bytes'),
    offsetsRetentionMinutes: config.value('offsets.retention.minutes'),
    offsetsRetentionCheckIntervalMs: config.value('offsets.retention.check.interval.ms'),
    groupStragglerDelayMs: isDev ? DEV_STRAGGLER_MS : straggler,
    batchBytesMax: config.value('message.max.bytes'),
  }
}
