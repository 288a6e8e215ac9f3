/** `loggerhead quota …`: how much users, clients and addresses may ask of the brokers. */
import type { Command } from 'commander'
import {
  alterQuotas,
  type EntityFilter,
  type EntityPart,
  findQuotas,
  type Quota,
} from '../../client/quotas.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../cluster-options.ts'
import { UsageError } from '../failure.ts'
import { printOutcomes } from '../outcomes.ts'
import { collect, parsePair } from '../repeated.ts'
import { printResult } from '../results.ts'
import { tableLines } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface GetOptions extends ClusterOptions {
  name: string[]
  default: string[]
  any: string[]
  strict?: boolean
}

interface SetOptions extends ClusterOptions {
  name: string[]
  default: string[]
  delete: string[]
  dry?: boolean
}

const TYPES = ['user', 'client-id', 'ip']

const examples = `
Quotas: producer_byte_rate and consumer_byte_rate (bytes a second), request_percentage, controller_mutation_rate, connection_creation_rate

Examples:
  loggerhead quota get
  loggerhead quota get --any client-id
  loggerhead quota set --name client-id=importer producer_byte_rate=1048576
  loggerhead quota set --default client-id consumer_byte_rate=5242880
  loggerhead quota set --name client-id=importer --delete producer_byte_rate`

export function register(program: Command, terminal: Terminal): void {
  const quota = program.command('quota').description('show and set quotas').addHelpText('after', examples)
  const get = quota
    .command('get')
    .description('show quotas; all of them when no option says which')
    .option('--name <type=name>', `of a ${TYPES.join(', ')} with this name; may be repeated`, collect, [])
    .option('--default <type>', 'of the default of this type; may be repeated', collect, [])
    .option('--any <type>', 'of any name of this type; may be repeated', collect, [])
    .option('--strict', 'only quotas of nothing but these types')
  withClusterOptions(get).action((options: GetOptions) => showQuotas(terminal, options))
  const set = quota
    .command('set')
    .description('set quotas of one entity')
    .argument('[quotas...]', 'as quota=number')
    .option('--name <type=name>', `a ${TYPES.join(', ')} with this name; may be repeated`, collect, [])
    .option('--default <type>', 'the default of this type; may be repeated', collect, [])
    .option('-d, --delete <quota>', 'remove a quota; may be repeated', collect, [])
    .option('--dry', 'only check')
  withClusterOptions(set).action((quotas: string[], options: SetOptions) =>
    changeQuotas(terminal, quotas, options),
  )
}

async function showQuotas(terminal: Terminal, options: GetOptions): Promise<void> {
  const filters: EntityFilter[] = [
    ...entityFrom(options).map(
      ({ type, name }): EntityFilter => ({ type, name, match: name === null ? 'default' : 'name' }),
    ),
    ...options.any.map((type): EntityFilter => ({ type: requireType(type), name: null, match: 'any' })),
  ]
  const quotas = await withClient(options, terminal, client =>
    findQuotas(client, filters, { strict: options.strict ?? false }),
  )
  const rows = quotas.toSorted((a, b) => (entityText(a.entity) < entityText(b.entity) ? -1 : 1))
  await printResult(terminal, options, rows.map(quotaJson), () =>
    tableLines(
      ['ENTITY', 'QUOTA', 'VALUE'],
      rows.flatMap(({ entity, values }) =>
        [...values].map(([key, value]) => [entityText(entity), key, value]),
      ),
    ),
  )
}

async function changeQuotas(
  terminal: Terminal,
  quotas: readonly string[],
  options: SetOptions,
): Promise<void> {
  const entity = entityFrom(options)
  if (entity.length === 0)
    throw new UsageError('quota set needs --name or --default, such as --name client-id=importer')
  const values = new Map<string, number | undefined>(quotas.map(parseQuota))
  for (const key of options.delete) values.set(key, undefined)
  if (values.size === 0) throw new UsageError('nothing is to change: give quota=number, or --delete quota')
  const { dry = false } = options
  await withClient(options, terminal, async client => {
    const error = await alterQuotas(client, entity, values, { validateOnly: dry })
    const outcome = { name: entityText(entity), error }
    await printOutcomes(terminal, options, [outcome], { kind: 'entity', done: dry ? 'could be set' : 'OK' })
  })
}

function entityFrom(options: { name: readonly string[]; default: readonly string[] }): EntityPart[] {
  return [
    ...options.name.map(text => {
      const [type, name] = parsePair(text, '--name')
      return { type: requireType(type), name }
    }),
    ...options.default.map(type => ({ type: requireType(type), name: null })),
  ]
}

function requireType(type: string): string {
  if (TYPES.includes(type)) return type
  throw new UsageError(`${type}: must be one of ${TYPES.join(', ')}`)
}

function parseQuota(text: string): [string, number] {
  const [key, digits] = parsePair(text, 'quota')
  const value = digits.trim() === '' ? Number.NaN : Number(digits)
  if (!Number.isFinite(value)) throw new UsageError(`quota ${text}: must be a number`)
  return [key, value]
}

/** `client-id=importer`, `user=<default>`. */
function entityText(entity: readonly EntityPart[]): string {
  return entity.map(({ type, name }) => `${type}=${name ?? '<default>'}`).join(',')
}

function quotaJson({ entity, values }: Quota) {
  return {
    entity: Object.fromEntries(entity.map(({ type, name }) => [type, name])),
    values: Object.fromEntries(values),
  }
}
