/**
 * The features of the cluster and their levels: what ApiVersions tells and what UpdateFeatures checks, so that both say the same.
 *
 * This program knows one format of metadata. Its level is that of Kafka 4.3, since tools show it as a release; a level that another
 * broker would accept here is refused, because nothing would change with it.
 */
interface Feature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly finalized: number
}

/** `metadata.version` 4.3-IV0. */
const METADATA_LEVEL = 30

const features: readonly Feature[] = [
  {
    name: 'metadata.version',
    minVersion: METADATA_LEVEL,
    maxVersion: METADATA_LEVEL,
    finalized: METADATA_LEVEL,
  },
]

export const supportedFeatures = features.map(({ name, minVersion, maxVersion }) => ({
  name,
  minVersion,
  maxVersion,
}))

export const finalizedFeatures = features.map(({ name, finalized }) => ({
  name,
  maxVersionLevel: finalized,
  minVersionLevel: finalized,
}))

export interface FeatureUpdate {
  level: number
  upgradeType: number
}

const UPGRADE = 1
const SAFE_DOWNGRADE = 2
const UNSAFE_DOWNGRADE = 3
const UPGRADE_TYPES = [UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE]

/** Why the feature cannot get the level; undefined when it has it already. */
export function findFeatureFault(name: string, { level, upgradeType }: FeatureUpdate): string | undefined {
  const feature = features.find(one => one.name === name)
  if (!UPGRADE_TYPES.includes(upgradeType)) return 'The controller does not support the given upgrade type.'
  if (level < 0) return 'A feature version cannot be less than 0.'
  if (!feature) return 'This broker does not support this feature.'
  const { minVersion, maxVersion } = feature
  if (level >= minVersion && level <= maxVersion) return undefined
  return `This broker only supports versions ${minVersion}-${maxVersion}.`
}
