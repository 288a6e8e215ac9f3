import { expect, test } from 'vitest'
import { type HealthParts, healthOf } from './health.ts'

const whole: HealthParts = {
  server: { isListening: true },
  directories: [
    { root: '/a', isOffline: false },
    { root: '/b', isOffline: false },
  ],
  groups: { runtime: { isLoading: false } },
}

const failing = (parts: Partial<HealthParts>) => healthOf({ ...whole, ...parts }).filter(({ ok }) => !ok)

test('nothing is wrong with a broker that serves', () => {
  expect(failing({})).toEqual([])
})

test.each<[string, Partial<HealthParts>, string]>([
  ['listeners', { server: { isListening: false } }, 'no connections are accepted'],
  [
    'log directories',
    { directories: [whole.directories[0]!, { root: '/b', isOffline: true }] },
    '/b cannot be written any more',
  ],
  ['group coordinator', { groups: { runtime: { isLoading: true } } }, 'groups are being loaded'],
])('tells what is wrong with the %s', (name, parts, reason) => {
  expect(failing(parts)).toEqual([{ name, ok: false, reason }])
})
