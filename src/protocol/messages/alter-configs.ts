/**
 * AlterConfigs: replaces all settings of a resource; what is not named returns to its default.
 */
import { api, arrayOf, bool, int8, int16, int32, string } from '../schema.ts'

export const AlterConfigs = api(33, 'AlterConfigs', {
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    resources: arrayOf({
      resourceType: int8,
      resourceName: string,
      configs: arrayOf({ name: string, value: string.nullable() }),
    }),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
    }),
  },
})
