import { ErrorCode } from '../../protocol/errors.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { finalizedFeatures, supportedFeatures } from '../features.ts'
import { type Handler, handler } from '../handler.ts'

/**
 * ApiVersions: what this broker speaks, read from the list of handlers.
 *
 * v3 says who the client is (KIP-511) and is flexible, but its answer keeps the old header, since the client may not know the new one yet.
 * A version that is not served is answered in version 0 with UNSUPPORTED_VERSION (see `dispatch`).
 */
export const apiVersions: Handler = handler(ApiVersions, {
  versions: [0, 4],
  notes: 'An unknown version is answered in version 0 with error 35.',
  handle(request, { version, broker, session }) {
    const isNamed = NAME.test(request.clientSoftwareName) && NAME.test(request.clientSoftwareVersion)
    if (version >= 3 && !isNamed) return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] }
    if (version >= 3) {
      session.software = { name: request.clientSoftwareName, version: request.clientSoftwareVersion }
    }
    return {
      errorCode: ErrorCode.NONE,
      apiKeys: broker.apis,
      supportedFeatures,
      finalizedFeaturesEpoch: 0,
      finalizedFeatures,
    }
  },
})

/** What Kafka allows in a client's name and version. */
const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
