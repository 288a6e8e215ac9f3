import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = fileURLToPath(new URL('.', import.meta.url))

export default defineConfig({
  resolve: {
    // The package under its own name, as an application imports it.
    alias: [
      { find: /^loggerhead$/, replacement: `${here}/../src/index.ts` },
      { find: /^loggerhead\/vitest$/, replacement: `${here}/../src/vitest.ts` },
    ],
  },
  test: {
    root: here,
    include: ['**/*.test.ts'],
    globalSetup: [`${here}/support/global-setup.ts`],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    // kafkajs computes negative delays, about which Node warns each time.
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
  },
})
