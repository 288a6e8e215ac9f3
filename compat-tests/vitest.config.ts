import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = fileURLToPath(new URL('.', import.meta.url))

export default defineConfig({
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
