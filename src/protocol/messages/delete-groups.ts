/**
 * DeleteGroups: removes empty groups with their offsets.
 */
import { api, arrayOf, int16, int32, type ResponseOf, string } from '../schema.ts'

export const DeleteGroups = api(42, 'DeleteGroups', {
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    groupsNames: arrayOf(string),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({ groupId: string, errorCode: int16 }),
  },
})

export type DeletableGroupResult = ResponseOf<typeof DeleteGroups>['results'][number]
