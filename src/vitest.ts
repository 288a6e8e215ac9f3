import { type TestAPI, test as vitest } from 'vitest'
import type { BrokerOptions } from './embedded/broker-options.ts'
import type { EmbeddedBroker } from './embedded/embedded-broker.ts'
import { createBroker } from './index.ts'

/**
 * `loggerhead/vitest`: a `test` whose functions are given a broker.
 *
 * One broker starts for a file, when its first test asks for one, and is emptied before each test; so a test costs a reset, not a start.
 * Tests that run at the same time (`test.concurrent`) need a broker each.
 */
export interface BrokerTestOptions extends BrokerOptions {
  /** `file`, when left out: one broker for all tests of a file, empty before each. `test`: one for each test. */
  per?: 'file' | 'test'
}

export interface BrokerFixture {
  broker: EmbeddedBroker
}

/** A `test` with brokers of your choice. */
export function brokerTest(options: BrokerTestOptions = {}): TestAPI<BrokerFixture> {
  const { per = 'file', ...wanted } = options
  return vitest.extend<BrokerFixture & { started: EmbeddedBroker }>({
    started: [
      // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are needed
      async ({}, use) => {
        const broker = await createBroker(wanted)
        await use(broker)
        await broker.close()
      },
      { scope: per },
    ],
    broker: async ({ started }, use) => {
      if (per === 'file') await started.reset()
      await use(started)
    },
  })
}

export const test: TestAPI<BrokerFixture> = brokerTest()
