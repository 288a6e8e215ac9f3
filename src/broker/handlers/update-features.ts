import { ErrorCode } from '../../protocol/errors.ts'
import { UpdateFeatures } from '../../protocol/messages/update-features.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { findFeatureFault } from '../features.ts'
import { handler } from '../handler.ts'

/**
 * UpdateFeatures: each feature has one level here, so an update names that one, and changes nothing, or is refused (95).
 *
 * v1 says of which kind the update is, and may ask only to check. All features are updated or none: a fault is told for the whole. Up to v1
 * success is told for each.
 */
export const updateFeatures = handler(UpdateFeatures, {
  versions: [0, 2],
  notes:
    'The one feature is metadata.version, at the only level that is supported; every other level gets INVALID_UPDATE_VERSION (95).',
  handle({ featureUpdates }) {
    const fault = findFault(featureUpdates)
    if (fault) {
      const errorMessage = `Nothing was changed. ${fault}`
      return { errorCode: ErrorCode.INVALID_UPDATE_VERSION, errorMessage, results: [] }
    }
    const done = { errorCode: ErrorCode.NONE, errorMessage: null }
    return { ...done, results: featureUpdates.map(({ feature }) => ({ feature, ...done })) }
  },
})

/** Of a feature that is named twice the last update counts. */
function findFault(updates: RequestOf<typeof UpdateFeatures>['featureUpdates']): string | undefined {
  for (const [feature, { maxVersionLevel: level, upgradeType }] of new Map(
    updates.map(update => [update.feature, update]),
  )) {
    const fault = findFeatureFault(feature, { level, upgradeType })
    if (fault) return `Invalid update version ${level} for feature ${feature}. ${fault}`
  }
  return undefined
}
