import { ErrorCode } from '../../protocol/errors.ts'
import { UpdateFeatures } from '../../protocol/messages/update-features.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { type FeatureUpdate, findFeatureFault, SAFE_DOWNGRADE } from '../features.ts'
import { handler } from '../handler.ts'
import type { WireError } from '../wire-error.ts'

/**
 * UpdateFeatures: each feature has one level here, so an update names that one, and changes nothing, or is refused (95).
 *
 * v0 says whether a downgrade is allowed, v1 of which kind, and may ask only to check. Up to v1 every feature has the result of the
 * whole, v2 has one result for all.
 */
export const updateFeatures = handler(UpdateFeatures, {
  versions: [0, 2],
  notes:
    'The one feature is metadata.version, at the only level that is supported; every other level gets INVALID_UPDATE_VERSION (95).',
  handle(request, { version }) {
    const result = check(updatesOf(request, version))
    if (version >= 2) return result
    const results = request.featureUpdates.map(({ feature }) => ({ feature, ...result }))
    return { errorCode: ErrorCode.NONE, errorMessage: null, results }
  },
})

/** Of a feature that is named twice the last update counts. */
function updatesOf(
  { featureUpdates }: RequestOf<typeof UpdateFeatures>,
  version: number,
): Map<string, FeatureUpdate> {
  return new Map(
    featureUpdates.map(({ feature, maxVersionLevel, allowDowngrade, upgradeType }) => [
      feature,
      { level: maxVersionLevel, upgradeType: version === 0 && allowDowngrade ? SAFE_DOWNGRADE : upgradeType },
    ]),
  )
}

/** All of them or none: the first fault is the answer. */
function check(updates: ReadonlyMap<string, FeatureUpdate>): WireError {
  for (const [feature, update] of updates) {
    const fault = findFeatureFault(feature, update)
    if (!fault) continue
    const errorMessage = `Invalid update version ${update.level} for feature ${feature}. ${fault}`
    return { errorCode: ErrorCode.INVALID_UPDATE_VERSION, errorMessage }
  }
  return { errorCode: ErrorCode.NONE, errorMessage: null }
}
