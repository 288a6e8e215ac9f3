/** The recipe for `node:test` in docs/embedding.md, run as it stands there. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { brokerNode } from '../support/broker.ts'
import { run } from '../support/process.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

test('node:test runs with a broker that is emptied between tests, and ends by itself', async () => {
  const args = [
    '--import',
    path('./source-of-package.mjs'),
    '--test',
    '--test-reporter=tap',
    path('./node-test.ts'),
  ]
  const { code, stdout } = await run(brokerNode(), args, { timeoutMs: 30_000 })
  expect(stdout).toMatch(/^# pass 2$/m)
  expect(code).toBe(0)
})
