/** Quotas with the Java client: set and described, and how well they hold. */
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { ensureKafkaJars, javaArguments } from '../support/kafka-jars.ts'
import { runOrThrow } from '../support/process.ts'
import { suite } from '../support/scenario.ts'

const program = fileURLToPath(new URL('Quotas.java', import.meta.url))

async function play(bootstrap: string, what: string): Promise<unknown> {
  await ensureKafkaJars()
  const stdout = await runOrThrow('java', javaArguments(program, [bootstrap, what]), { timeoutMs: 120_000 })
  return JSON.parse(stdout.split('\n').find(line => line.startsWith('{'))!)
}

suite('java quotas', scenario => {
  scenario('are set, refused, found and removed', ({ bootstrap }) => play(bootstrap, 'admin'), {
    timeoutMs: 120_000,
  })

  scenario(
    'hold a producer and a consumer to 1 MB/s within 10 % over 10 s',
    async ({ bootstrap }) => {
      const answer = (await play(bootstrap, 'rates')) as { produced: number; consumed: number }
      expect(answer).toMatchObject({ 'producer was told': true, 'consumer was told': true })
      for (const rate of [answer.produced, answer.consumed]) {
        expect(rate).toBeGreaterThan(0.9)
        expect(rate).toBeLessThan(1.1)
      }
    },
    {
      timeoutMs: 120_000,
      only: {
        kind: 'loggerhead',
        reason: 'Apache Kafka lets a new client use the quota of ten seconds at once',
      },
    },
  )
})
