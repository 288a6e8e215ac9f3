import { expect, test } from 'vitest'
import { QuotaKey } from '../cluster/client-quota-alteration.ts'
import { ClientQuotas } from '../cluster/client-quotas.ts'
import { QuotaLimits } from './quota-limits.ts'

const KEY = QuotaKey.PRODUCER_BYTE_RATE

function entityOf(user: string | null | undefined, clientId: string | null | undefined) {
  const entity = new Map<string, string | null>()
  if (clientId !== undefined) entity.set('client-id', clientId)
  if (user !== undefined) entity.set('user', user)
  return entity
}

test('the most specific quota applies', () => {
  const quotas = new ClientQuotas()
  const limits = new QuotaLimits(quotas)
  const find = (user: string, clientId: string) => limits.find(KEY, user, clientId)
  // From the least specific to the most: each hides those before it.
  const levels: [user: string | null | undefined, clientId: string | null | undefined, account: string][] = [
    [undefined, null, 'client c'],
    [undefined, 'c', 'client c'],
    [null, undefined, 'user u'],
    [null, null, 'both 1 u c'],
    [null, 'c', 'both 1 u c'],
    ['u', undefined, 'user u'],
    ['u', null, 'both 1 u c'],
    ['u', 'c', 'both 1 u c'],
  ]
  expect(limits.has(KEY)).toBe(false)
  for (const [index, [user, clientId, account]] of levels.entries()) {
    quotas.replay(entityOf(user, clientId), new Map([[KEY, index + 1]]))
    expect(find('u', 'c')).toEqual({ limit: index + 1, account })
  }
  expect(find('u', 'other')).toEqual({ limit: 7, account: 'both 1 u other' })
  expect(find('other', 'c')).toEqual({ limit: 5, account: 'both 5 other c' })
  expect(find('other', 'other')).toEqual({ limit: 4, account: 'both 5 other other' })
  for (const [index, [user, clientId]] of levels.entries()) {
    quotas.replay(entityOf(user, clientId), null)
    expect(find('u', 'c')?.limit).toBe(index < 7 ? 8 : undefined)
  }
  expect(limits.has(KEY)).toBe(false)
})

test('a client without an id has only its user’s quota', () => {
  const quotas = new ClientQuotas()
  quotas.replay(entityOf(undefined, null), new Map([[KEY, 1]]))
  quotas.replay(entityOf(null, null), new Map([[KEY, 2]]))
  const limits = new QuotaLimits(quotas)
  expect(limits.find(KEY, 'u', '')).toBeUndefined()
  quotas.replay(entityOf(null, undefined), new Map([[KEY, 3]]))
  expect(limits.find(KEY, 'u', '')).toEqual({ limit: 3, account: 'user u' })
})

test('kinds of quotas do not touch each other, and a change takes away what it does not name', () => {
  const quotas = new ClientQuotas()
  const limits = new QuotaLimits(quotas)
  const entity = entityOf('u', undefined)
  quotas.replay(entity, new Map([[KEY, 1]]))
  quotas.replay(entity, new Map([[QuotaKey.CONSUMER_BYTE_RATE, 2]]))
  expect(limits.find(KEY, 'u', 'c')).toBeUndefined()
  expect(limits.find(QuotaKey.CONSUMER_BYTE_RATE, 'u', 'c')?.limit).toBe(2)
})

test('an address has its own quota or the default, however it is spelled', () => {
  const quotas = new ClientQuotas()
  const limits = new QuotaLimits(quotas)
  const set = (ip: string | null, limit: number | null) =>
    quotas.replay(
      new Map([['ip', ip]]),
      limit === null ? null : new Map([[QuotaKey.CONNECTION_CREATION_RATE, limit]]),
    )
  expect(limits.connectionsFrom('10.0.0.1')).toBeUndefined()
  set('2001:DB8::0001', 5)
  expect(limits.connectionsFrom('2001:db8::1')).toEqual({ limit: 5, account: '2001:db8:0:0:0:0:0:1' })
  expect(limits.connectionsFrom('10.0.0.1')).toBeUndefined()
  set(null, 7)
  expect(limits.connectionsFrom('10.0.0.1')).toEqual({ limit: 7, account: '10.0.0.1' })
  set('2001:DB8::0001', null)
  expect(limits.connectionsFrom('2001:db8::1')?.limit).toBe(7)
})
