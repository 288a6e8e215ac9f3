/**
 * DescribeAcls: access rules that match a filter. v1 pattern types; v3 user principal types of tokens.
 */
import { api, arrayOf, int8, int16, int32, string } from '../schema.ts'

export const DescribeAcls = api(29, 'DescribeAcls', {
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    resourceTypeFilter: int8,
    resourceNameFilter: string.nullable(),
    patternTypeFilter: int8.default(3),
    principalFilter: string.nullable(),
    hostFilter: string.nullable(),
    operation: int8,
    permissionType: int8,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    resources: arrayOf({
      resourceType: int8,
      resourceName: string,
      patternType: int8.default(3),
      acls: arrayOf({
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
})
