/**
 * LeaveGroup: takes members out of a classic group. v3 several members, static ones too; v5 reason.
 */
import { api, arrayOf, int16, int32, type RequestOf, type ResponseOf, string } from '../schema.ts'

export const LeaveGroup = api(13, 'LeaveGroup', {
  versions: [0, 5],
  flexibleSince: 4,
  request: {
    groupId: string,
    memberId: string.until(2).default(''),
    members: arrayOf({
      memberId: string,
      groupInstanceId: string.nullable().default(null),
      reason: string.since(5).nullable().default(null),
    })
      .since(3)
      .default([]),
  },
  response: {
    throttleTimeMs: int32.since(1).default(0),
    errorCode: int16,
    members: arrayOf({ memberId: string, groupInstanceId: string.nullable(), errorCode: int16 })
      .since(3)
      .default([]),
  },
})

export type LeaveGroupMember = RequestOf<typeof LeaveGroup>['members'][number]
export type LeaveGroupMemberResult = NonNullable<ResponseOf<typeof LeaveGroup>['members']>[number]
