/**
 * IncrementalAlterConfigs: sets (0), deletes (1), appends to (2) or subtracts from (3) single settings.
 */
import { api, arrayOf, bool, int8, int16, int32, string } from '../schema.ts'

export const IncrementalAlterConfigs = api(44, 'IncrementalAlterConfigs', {
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    resources: arrayOf({
      resourceType: int8,
      resourceName: string,
      configs: arrayOf({ name: string, configOperation: int8, value: string.nullable() }),
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
