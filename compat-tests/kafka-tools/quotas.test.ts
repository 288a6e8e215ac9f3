/** Quotas by Kafka's own command: of client ids, users, both together and addresses, with their defaults. */
import { kafkaTool } from '../support/kafka-jars.ts'
import { suite } from '../support/scenario.ts'

/** What the command prints of what this scenario set, without an order of settings, which is that of a hash table. */
async function configs(bootstrap: string, own: RegExp, ...args: string[]) {
  const { code, stdout } = await kafkaTool('kafka-configs', ['--bootstrap-server', bootstrap, ...args], {
    timeoutMs: 60_000,
  })
  const lines = stdout.split('\n').filter(line => own.test(line) && !/^(\[|\s*at )/.test(line))
  return {
    code,
    lines: lines.map(line => line.replaceAll(',', '').trim().split(/\s+/).sort().join(' ')).sort(),
  }
}

suite('kafka-tools', scenario => {
  scenario(
    'kafka-configs sets, describes and deletes quotas',
    async ({ bootstrap, name }) => {
      const own = new RegExp(`${name()}|quota-user|10\\.11\\.12\\.13|default`)
      const run = (...args: string[]) => configs(bootstrap, own, ...args)
      const client = ['--entity-type', 'clients', '--entity-name', name()]
      const user = ['--entity-type', 'users', '--entity-name', 'quota-user']
      const address = ['--entity-type', 'ips', '--entity-name', '10.11.12.13']
      // Larger than anything that the scenarios beside this one need.
      const defaults = ['--entity-type', 'clients', '--entity-default']
      const set = (quotas: string, ...entity: string[]) => run('--alter', '--add-config', quotas, ...entity)
      const altered = [
        await set('producer_byte_rate=1024,consumer_byte_rate=2048', ...client),
        await set('request_percentage=12.5', ...user, ...client),
        await set('controller_mutation_rate=5', ...user),
        await set('producer_byte_rate=1000000000000', ...defaults),
        await set('connection_creation_rate=1000', ...address),
      ]
      const described = [
        await run('--describe', ...user, ...client),
        await run('--describe', ...user),
        await run('--describe', '--entity-type', 'clients'),
        await run('--describe', '--entity-type', 'ips'),
      ]
      const refused = [
        await set('producer_byte_rate=0', ...client),
        await set('connection_creation_rate=1', '--entity-type', 'ips', '--entity-name', '1.2.3.400'),
      ]
      const removed = [
        await run('--alter', '--delete-config', 'producer_byte_rate', ...client),
        await run('--alter', '--delete-config', 'producer_byte_rate', ...defaults),
        await run('--describe', '--entity-type', 'clients'),
      ]
      return { altered, described, refused, removed }
    },
    { timeoutMs: 240_000 },
  )
})
