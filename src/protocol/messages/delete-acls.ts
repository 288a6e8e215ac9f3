/**
 * DeleteAcls: removes the access rules that match filters, and says which they were. v1 pattern types.
 */
import { api, arrayOf, int8, int16, int32, string } from '../schema.ts'

export const DeleteAcls = api(31, 'DeleteAcls', {
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    filters: arrayOf({
      resourceTypeFilter: int8,
      resourceNameFilter: string.nullable(),
      patternTypeFilter: int8.default(3),
      principalFilter: string.nullable(),
      hostFilter: string.nullable(),
      operation: int8,
      permissionType: int8,
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    filterResults: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable(),
      matchingAcls: arrayOf({
        errorCode: int16,
        errorMessage: string.nullable(),
        resourceType: int8,
        resourceName: string,
        patternType: int8.default(3),
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
})
