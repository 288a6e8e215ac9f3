/**
 * ListGroups: the groups that this broker coordinates. v4 filter by state; v5 group types and a filter by them.
 */
import { api, arrayOf, int16, int32, type ResponseOf, string } from '../schema.ts'

export const ListGroups = api(16, 'ListGroups', {
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    statesFilter: arrayOf(string).since(4).default([]),
    typesFilter: arrayOf(string).since(5).default([]),
  },
  response: {
    throttleTimeMs: int32.since(1).default(0),
    errorCode: int16,
    groups: arrayOf({
      groupId: string,
      protocolType: string,
      groupState: string.since(4).default(''),
      groupType: string.since(5).default(''),
    }),
  },
})

export type ListedGroup = ResponseOf<typeof ListGroups>['groups'][number]
