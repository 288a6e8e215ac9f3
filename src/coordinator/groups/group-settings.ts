/**
 * Settings of the group coordinator: Kafka's names in camelCase, Kafka's defaults. Two differ on purpose: `groupMaxSize`
 * (unlimited in Kafka) is bounded, and the last three have no counterpart there.
 */
export interface GroupSettings {
  groupMinSessionTimeoutMs: number
  groupMaxSessionTimeoutMs: number
  groupInitialRebalanceDelayMs: number
  groupMaxSize: number
  offsetMetadataMaxBytes: number
  offsetsRetentionMinutes: number
  offsetsRetentionCheckIntervalMs: number
  /** Groups this node holds, over all its partitions. */
  groupsMax: number
  /**
   * With an initial rebalance delay of 0, a first generation still waits this long for members that are about to join, and anew
   * after each one; 0 switches it off. Development mode sets it, so that a test's consumers meet in one generation.
   */
  groupStragglerDelayMs: number
  /** The longest record, and the longest batch, that the partition's log takes. */
  batchBytesMax: number
}

const GROUP_SIZE_MAX = 1_000
const GROUPS_MAX = 20_000
/** What `groupStragglerDelayMs` adds up to at most: below what a person notices, above what a burst of joins takes. */
export const STRAGGLER_WAIT_MS_MAX = 30
/** Members that were given an id and have not used it, for each member allowed: each client may be seen twice while it retries. */
export const PENDING_MEMBERS_PER_MEMBER = 2
/** A new member's JoinGroup is parked and nobody can tell whether its client is still there; Kafka lets go after the same time. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1_000

export const GROUP_SETTINGS: Readonly<GroupSettings> = {
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 3_000,
  groupMaxSize: GROUP_SIZE_MAX,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMinutes: 10_080,
  offsetsRetentionCheckIntervalMs: 600_000,
  groupsMax: GROUPS_MAX,
  groupStragglerDelayMs: 0,
  batchBytesMax: 1_048_588,
}
