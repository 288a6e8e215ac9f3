/**
 * ApiVersions: which APIs and versions we serve, usually a connection's first request.
 *
 * v3 name and version of the client's software, features; v4 features whose minimum is 0. A version that we don't know is
 * answered in v0 with UNSUPPORTED_VERSION, and the response header is always version 0.
 */
import { api, arrayOf, bool, int16, int32, int64, type ResponseOf, string } from '../schema.ts'

export const ApiVersions = api(18, 'ApiVersions', {
  versions: [0, 4],
  flexibleSince: 3,
  request: {
    clientSoftwareName: string.since(3).default(''),
    clientSoftwareVersion: string.since(3).default(''),
  },
  response: {
    errorCode: int16,
    apiKeys: arrayOf({ apiKey: int16, minVersion: int16, maxVersion: int16 }),
    throttleTimeMs: int32.since(1).default(0),
    supportedFeatures: arrayOf({ name: string, minVersion: int16, maxVersion: int16 }).since(3).tagged(0),
    finalizedFeaturesEpoch: int64.since(3).tagged(1).default(-1),
    finalizedFeatures: arrayOf({ name: string, maxVersionLevel: int16, minVersionLevel: int16 })
      .since(3)
      .tagged(2),
    zkMigrationReady: bool.since(3).tagged(3),
  },
})

export type ApiVersion = ResponseOf<typeof ApiVersions>['apiKeys'][number]
