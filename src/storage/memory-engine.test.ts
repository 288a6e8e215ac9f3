import { expect, test } from 'vitest'
import { describeEngine } from './engine.contract.ts'
import { openMemoryEngine } from './memory-engine.ts'

describeEngine('memory', openMemoryEngine)

test('stays quick with hundreds of thousands of keys, in any order', async () => {
  const engine = openMemoryEngine()
  const started = performance.now()
  const key = Buffer.alloc(8)
  for (let i = 0; i < 300_000; i += 1_000) {
    const batch = []
    for (let j = i; j < i + 1_000; j++) {
      key.writeDoubleBE((j * 7_919) % 1_000_003)
      batch.push({ type: 'put', key: Buffer.from(key), value: Buffer.from('value') } as const)
    }
    await engine.write(batch)
  }
  expect(engine.stats().keys).toBe(300_000)
  expect(performance.now() - started).toBeLessThan(15_000)
})
