/**
 * When a partition's records are synced, from `flush.messages` and `flush.ms` of its topic.
 *
 * Ours is one record: nothing is acknowledged that a power cut can take. Other counts keep Kafka's meaning. Leaving it
 * to the system or to a timer alone (`flush.messages` of 2^63−1, which much ready-made configuration carries along)
 * needs `loggerhead.unsynced.acks` or development mode beside it; without either, syncing stays on.
 */
import type { SettingsReader } from './config.ts'

export interface SyncPolicy {
  /** Records between two syncs: 1 syncs before each ack, Infinity never asks for one. */
  messages: number
  /** Milliseconds after which a record is synced at the latest; Infinity for no timer. */
  ms: number
  /** `flush.messages` wanted no sync before acks, and was not followed: to be logged once. */
  isKeptSynced: boolean
}

export function syncPolicyOf(
  config: SettingsReader,
  topic: { flushMessages: number; flushMs: number },
): SyncPolicy {
  const isKeptSynced = topic.flushMessages === Infinity && !allowsUnsyncedAcks(config)
  return { messages: isKeptSynced ? 1 : topic.flushMessages, ms: topic.flushMs, isKeptSynced }
}

function allowsUnsyncedAcks(config: SettingsReader): boolean {
  return config.value('loggerhead.unsynced.acks') || config.value('loggerhead.dev')
}
