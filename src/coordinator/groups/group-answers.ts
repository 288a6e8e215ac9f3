import { NO_BYTES } from './group-member.ts'

/** Answers of the classic group protocol, with the field names of Kafka's schemas, before a version shapes them. */
export interface JoinAnswer {
  errorCode: number
  generationId: number
  protocolType: string | null
  protocolName: string | null
  leader: string
  skipAssignment: boolean
  memberId: string
  members: { memberId: string; groupInstanceId: string | null; metadata: Buffer }[]
}

export interface SyncAnswer {
  errorCode: number
  protocolType: string | null
  protocolName: string | null
  assignment: Buffer
}

export type GroupAnswer =
  | { type: 'join'; requestId: number; response: JoinAnswer }
  | { type: 'sync'; requestId: number; response: SyncAnswer }

export function refusedJoin(errorCode: number, memberId: string): JoinAnswer {
  return {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

export function refusedSync(errorCode: number): SyncAnswer {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES }
}
