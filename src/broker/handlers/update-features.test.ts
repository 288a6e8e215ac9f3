import { expect, test } from 'vitest'
import { startLiveBroker } from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { UpdateFeatures } from '../../protocol/messages/update-features.ts'

const UPGRADE = 1
const SAFE_DOWNGRADE = 2
const UNSAFE_DOWNGRADE = 3

async function finalizedLevel(client: RawClient): Promise<number> {
  const body = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  const { supportedFeatures, finalizedFeatures } = await client.request(ApiVersions, 4, body)
  expect(supportedFeatures.map(({ name }) => name)).toEqual(['metadata.version'])
  expect(finalizedFeatures.map(({ name }) => name)).toEqual(['metadata.version'])
  const level = finalizedFeatures[0]!.maxVersionLevel
  expect(supportedFeatures[0]).toMatchObject({ minVersion: level, maxVersion: level })
  return level
}

async function update(
  client: RawClient,
  version: number,
  feature: string,
  level: number,
  upgradeType = UPGRADE,
) {
  const answer = await client.request(UpdateFeatures, version, {
    featureUpdates: [
      {
        feature,
        maxVersionLevel: level,
        ...(version === 0 ? { allowDowngrade: upgradeType !== UPGRADE } : { upgradeType }),
      },
    ],
  })
  // Up to version 1 success is told for each feature; a fault is always one of the whole.
  const isListed = version < 2 && answer.errorCode === ErrorCode.NONE
  expect(answer.results).toEqual(isListed ? [{ feature, errorCode: ErrorCode.NONE, errorMessage: null }] : [])
  return answer.errorCode
}

test.each([0, 1, 2])(
  'version %i takes the level that is in force, and refuses every other',
  async version => {
    const { client } = await startLiveBroker()
    const level = await finalizedLevel(client)
    for (const upgradeType of [UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE]) {
      expect(await update(client, version, 'metadata.version', level, upgradeType)).toBe(ErrorCode.NONE)
      for (const other of [level - 1, level + 1, 0, -1]) {
        const errorCode = await update(client, version, 'metadata.version', other, upgradeType)
        expect(errorCode).toBe(ErrorCode.INVALID_UPDATE_VERSION)
      }
    }
    expect(await finalizedLevel(client)).toBe(level)
  },
)

test.each([0, 1, 2])('version %i refuses features that nobody knows', async version => {
  const { client } = await startLiveBroker()
  expect(await update(client, version, 'no.such.feature', 1)).toBe(ErrorCode.INVALID_UPDATE_VERSION)
  expect(await update(client, version, 'no.such.feature', 0)).toBe(ErrorCode.INVALID_UPDATE_VERSION)
})

test('an unknown kind of update is refused, and so is the whole when one part is', async () => {
  const { client } = await startLiveBroker()
  const level = await finalizedLevel(client)
  expect(await update(client, 2, 'metadata.version', level, 9)).toBe(ErrorCode.INVALID_UPDATE_VERSION)
  const featureUpdates = [
    { feature: 'metadata.version', maxVersionLevel: level },
    { feature: 'no.such.feature', maxVersionLevel: 3 },
  ]
  for (const validateOnly of [true, false]) {
    const answer = await client.request(UpdateFeatures, 2, { featureUpdates, validateOnly })
    expect(answer).toMatchObject({ errorCode: ErrorCode.INVALID_UPDATE_VERSION, results: [] })
    expect(answer.errorMessage).toMatch(/no\.such\.feature/)
  }
})
