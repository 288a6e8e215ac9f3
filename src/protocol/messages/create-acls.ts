/**
 * CreateAcls: adds access rules. v1 pattern types.
 */
import { api, arrayOf, int8, int16, int32, string } from '../schema.ts'

export const CreateAcls = api(30, 'CreateAcls', {
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    creations: arrayOf({
      resourceType: int8,
      resourceName: string,
      resourcePatternType: int8.default(3),
      principal: string,
      host: string,
      operation: int8,
      permissionType: int8,
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({ errorCode: int16, errorMessage: string.nullable() }),
  },
})
