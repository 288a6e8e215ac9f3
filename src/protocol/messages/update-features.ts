/**
 * UpdateFeatures: raises or lowers finalised feature levels. v1 kind of change and dry run; v2 one error for all.
 */
import { api, arrayOf, bool, int8, int16, int32, string } from '../schema.ts'

export const UpdateFeatures = api(57, 'UpdateFeatures', {
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    timeoutMs: int32.default(60000),
    featureUpdates: arrayOf({
      feature: string,
      maxVersionLevel: int16,
      allowDowngrade: bool.until(0).default(false),
      upgradeType: int8.since(1).default(1),
    }),
    validateOnly: bool.since(1).default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    results: arrayOf({ feature: string, errorCode: int16, errorMessage: string.nullable() })
      .until(1)
      .default([]),
  },
})
