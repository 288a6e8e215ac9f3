/**
 * DescribeClientQuotas: quotas of users, client ids and addresses that match a filter.
 */
import { api, arrayOf, bool, float64, int8, int16, int32, string } from '../schema.ts'

export const DescribeClientQuotas = api(48, 'DescribeClientQuotas', {
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    components: arrayOf({ entityType: string, matchType: int8, match: string.nullable() }),
    strict: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    entries: arrayOf({
      entity: arrayOf({ entityType: string, entityName: string.nullable() }),
      values: arrayOf({ key: string, value: float64 }),
    }).nullable(),
  },
})
