/**
 * ListConfigResources: names of resources that have settings. v0 lists client metrics only, v1 any type.
 */
import { api, arrayOf, int8, int16, int32, string } from '../schema.ts'

export const ListConfigResources = api(74, 'ListConfigResources', {
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    resourceTypes: arrayOf(int8).since(1).default([]),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    configResources: arrayOf({ resourceName: string, resourceType: int8.since(1).default(16) }),
  },
})
