/**
 * DescribeGroups: state and members of classic groups.
 *
 * v3 allowed operations; v4 static members; v6 error messages, and GROUP_ID_NOT_FOUND where older versions say Dead.
 */
import { api, arrayOf, bool, bytes, int16, int32, type ResponseOf, string } from '../schema.ts'

export const DescribeGroups = api(15, 'DescribeGroups', {
  versions: [0, 6],
  flexibleSince: 5,
  request: {
    groups: arrayOf(string),
    includeAuthorizedOperations: bool.since(3).default(false),
  },
  response: {
    throttleTimeMs: int32.since(1).default(0),
    groups: arrayOf({
      errorCode: int16,
      errorMessage: string.since(6).nullable().default(null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: arrayOf({
        memberId: string,
        groupInstanceId: string.since(4).nullable().default(null),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: int32.since(3).default(-2147483648),
    }),
  },
})

export type DescribedGroup = ResponseOf<typeof DescribeGroups>['groups'][number]
export type DescribedGroupMember = DescribedGroup['members'][number]
