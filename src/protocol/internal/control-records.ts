/**
 * What control batches hold besides their key: the end of a transaction, a new leader of a quorum, its voters and version,
 * and the two records that frame a snapshot.
 */
import { arrayOf, int16, int32, int64, message, string, struct, uint16, uuid, ZERO_UUID } from '../schema.ts'

const voter = {
  voterId: int32,
  voterDirectoryId: uuid.since(1).default(ZERO_UUID),
}

/** A control record's key, behind its version: what kind of record it is. */
export const ControlRecordTypeSchema = message('ControlRecordTypeSchema', {
  versions: [0, 0],
  fields: { type: int16 },
})

/** Ends a transaction; commit or abort is told by the key's type. */
export const EndTxnMarker = message('EndTxnMarker', {
  versions: [0, 0],
  fields: { coordinatorEpoch: int32 },
})

/** The first entry of a leader's term. v1 directory ids of voters. */
export const LeaderChangeMessage = message('LeaderChangeMessage', {
  versions: [0, 1],
  flexibleSince: 0,
  fields: {
    version: int16,
    leaderId: int32,
    voters: arrayOf(voter),
    grantingVoters: arrayOf(voter),
  },
})

/** The voters of a quorum with directory ids, endpoints and the KRaft versions they speak. */
export const VotersRecord = message('VotersRecord', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    version: int16,
    voters: arrayOf({
      voterId: int32,
      voterDirectoryId: uuid,
      endpoints: arrayOf({ name: string, host: string, port: uint16 }),
      kRaftVersionFeature: struct({ minSupportedVersion: int16, maxSupportedVersion: int16 }),
    }),
  },
})

/** The finalised version of KRaft. */
export const KRaftVersionRecord = message('KRaftVersionRecord', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { version: int16, kRaftVersion: int16 },
})

/** Opens a snapshot. */
export const SnapshotHeaderRecord = message('SnapshotHeaderRecord', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { version: int16, lastContainedLogTimestamp: int64 },
})

/** Closes a snapshot: without it the snapshot is torn. */
export const SnapshotFooterRecord = message('SnapshotFooterRecord', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { version: int16 },
})
