/** kafka-configs, as operators use it to change settings of a running broker. The requests behind it: raw-frames/configs. */
import { kafkaTool } from '../support/kafka-jars.ts'
import { suite } from '../support/scenario.ts'

const timeoutMs = 180_000

/** What the tool prints, line by line, without log lines and stack traces. */
async function configs(bootstrap: string, ...args: string[]) {
  const { code, stdout } = await kafkaTool('kafka-configs', ['--bootstrap-server', bootstrap, ...args], {
    timeoutMs: 90_000,
  })
  const lines = stdout.split('\n').filter(line => line.trim() && !/^(\[|\tat )/.test(line))
  return { code, lines: lines.map(line => line.trim()).sort() }
}

suite('kafka-configs', scenario => {
  scenario(
    'changes settings of a topic',
    async ({ bootstrap, name }) => {
      const topic = name()
      await kafkaTool('kafka-topics', ['--bootstrap-server', bootstrap, '--create', '--topic', topic])
      const on = (...args: string[]) => configs(bootstrap, '--topic', topic, ...args)
      const added = await on('--alter', '--add-config', 'retention.ms=5000,cleanup.policy=[compact,delete]')
      const deleted = await on('--alter', '--delete-config', 'retention.ms')
      const refused = await on('--alter', '--add-config', 'segment.bytes=5')
      const left = await on('--describe')
      return {
        added,
        deleted,
        refused: refused.code,
        // Kafka's feature of eligible leader replicas sets another one for the cluster.
        left: left.lines.filter(line => !line.startsWith('min.insync.replicas')),
      }
    },
    { timeoutMs },
  )

  scenario(
    'changes settings of brokers',
    async ({ bootstrap }) => {
      const setting = 'log.cleaner.backoff.ms'
      const one = (...args: string[]) => configs(bootstrap, '--broker', '1', ...args)
      const all = (...args: string[]) => configs(bootstrap, '--broker-defaults', ...args)
      const forAll = await all('--alter', '--add-config', `${setting}=16000`)
      const forOne = await one('--alter', '--add-config', `${setting}=17000`)
      const readOnly = await one('--alter', '--add-config', 'num.partitions=3')
      const described = await one('--describe')
      const deletedFromOne = await one('--alter', '--delete-config', setting)
      const deleted = await all('--alter', '--delete-config', setting)
      return {
        forAll,
        forOne,
        readOnly: readOnly.code,
        described: described.lines.filter(line => line.startsWith(setting)),
        deletedFromOne,
        deleted,
      }
    },
    { timeoutMs },
  )

  scenario(
    'changes settings of groups, client metrics and loggers',
    async ({ bootstrap, name }) => {
      const seen: Record<string, unknown> = {}
      for (const [what, entity, add] of [
        ['group', ['--group', name('group')], 'consumer.session.timeout.ms=50000'],
        ['metrics', ['--client-metrics', name('metrics')], 'metrics=[a,b],interval.ms=1000'],
        ['loggers', ['--broker-logger', '1'], 'root=INFO'],
      ] as const) {
        const added = await configs(bootstrap, ...entity, '--alter', '--add-config', add)
        const { lines } = await configs(bootstrap, ...entity, '--describe')
        // Each broker has loggers of its own below the root.
        seen[what] = {
          added,
          lines: what === 'loggers' ? lines.filter(line => line.startsWith('root=')) : lines,
        }
      }
      return seen
    },
    { timeoutMs },
  )
})
