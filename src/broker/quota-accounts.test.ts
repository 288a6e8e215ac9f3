import { expect, test } from 'vitest'
import { QuotaAccounts, TRACKED_CLIENTS_MAX } from './quota-accounts.ts'

test('the account unused for longest gives way', () => {
  let made = 0
  const accounts = new QuotaAccounts(() => ({ number: ++made }))
  for (let i = 0; i < TRACKED_CLIENTS_MAX; i++) accounts.of(`client ${i}`)
  expect(accounts.of('client 0').number).toBe(1)
  accounts.of('one more')
  expect(accounts.count).toBe(TRACKED_CLIENTS_MAX)
  expect(accounts.of('client 0').number).toBe(1)
  expect(accounts.of('client 1').number).toBe(TRACKED_CLIENTS_MAX + 2)
})
