import type { Command } from 'commander'
import {
  alterConfigs,
  type ConfigResource,
  describeConfigs,
  type ResourceName,
  ResourceType,
} from '../../../client/configs.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../../cluster-options.ts'
import { type ChangeOptions, changesFrom, withChangeOptions } from '../../config-changes.ts'
import { InputError, UsageError } from '../../failure.ts'
import { printOutcomes } from '../../outcomes.ts'
import { printResult } from '../../results.ts'
import { tableLines } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'
import { requireTopics } from '../../topic-names.ts'

const TYPES = Object.keys(ResourceType).join(', ')
/** The resource of the settings that hold for all brokers. */
const ALL_BROKERS = 'default'

const examples = `
Examples:
  loggerhead config get topic greetings
  loggerhead config get topic greetings retention.ms
  loggerhead config get broker 1 --changed
  loggerhead config set topic greetings retention.ms=86400000
  loggerhead config set broker default log.cleaner.threads=2
  loggerhead config set topic greetings --delete retention.ms`

export function registerGet(config: Command, terminal: Terminal): void {
  const command = config
    .command('get')
    .description('print the settings of a topic, a broker, a group …')
    .argument('<type>', TYPES)
    .argument('<name>', 'its name; of a broker its id, or default for all brokers')
    .argument('[settings...]', 'only these settings')
    .option('--changed', 'only settings that are not the default')
    .addHelpText('after', examples)
  withClusterOptions(command).action(
    (type: string, name: string, settings: string[], options: ClusterOptions & { changed?: boolean }) =>
      showConfigs(terminal, resourceFrom(type, name), settings, options),
  )
}

export function registerSet(config: Command, terminal: Terminal): void {
  const command = config
    .command('set')
    .description('change the settings of a topic, a broker, a group …')
    .argument('<type>', TYPES)
    .argument('<name>', 'its name; of a broker its id, or default for all brokers')
    .argument('[settings...]', 'as name=value')
    .addHelpText('after', examples)
  withClusterOptions(withChangeOptions(command)).action(
    (type: string, name: string, settings: string[], options: ClusterOptions & ChangeOptions) =>
      changeConfigs(terminal, resourceFrom(type, name), settings, options),
  )
}

async function showConfigs(
  terminal: Terminal,
  resource: ConfigResource,
  settings: readonly string[],
  options: ClusterOptions & { changed?: boolean },
): Promise<void> {
  await withClient(options, terminal, async client => {
    if (resource.type === 'topic') await requireTopics(client, [resource.name])
    const all = await describeConfigs(client, resource, settings.length === 0 ? null : settings)
    const missing = settings.find(setting => !all.some(({ name }) => name === setting))
    if (missing !== undefined)
      throw new InputError(`${resource.type} ${resource.name} has no setting ${missing}`)
    const shown = all
      .filter(({ isDefault }) => !options.changed || !isDefault)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const values = shown.map(({ name, value, source, isReadOnly, isSensitive }) => ({
      name,
      value,
      source,
      readOnly: isReadOnly,
      sensitive: isSensitive,
    }))
    await printResult(terminal, options, values, () =>
      tableLines(
        ['SETTING', 'VALUE', 'SET FOR', 'READ-ONLY'],
        shown.map(({ name, value, source, isReadOnly, isSensitive }) => [
          name,
          isSensitive ? '[hidden]' : value,
          source,
          isReadOnly ? 'yes' : '',
        ]),
      ),
    )
  })
}

async function changeConfigs(
  terminal: Terminal,
  resource: ConfigResource,
  settings: readonly string[],
  options: ClusterOptions & ChangeOptions,
): Promise<void> {
  const changes = changesFrom(options, settings)
  const { dry = false } = options
  await withClient(options, terminal, async client => {
    if (resource.type === 'topic') await requireTopics(client, [resource.name])
    const error = await alterConfigs(client, resource, changes, { validateOnly: dry })
    const outcome = { name: resource.name || ALL_BROKERS, error }
    await printOutcomes(terminal, options, [outcome], {
      kind: resource.type,
      done: dry ? 'could be changed' : 'OK',
    })
  })
}

function resourceFrom(type: string, name: string): ConfigResource {
  if (!Object.hasOwn(ResourceType, type)) throw new UsageError(`${type}: must be one of ${TYPES}`)
  const isAllBrokers = type === 'broker' && name === ALL_BROKERS
  if (type.startsWith('broker') && !isAllBrokers && !/^\d{1,9}$/.test(name))
    throw new UsageError(`${type} ${name}: must be the id of a broker, or default for all of them`)
  return { type: type as ResourceName, name: isAllBrokers ? '' : name }
}
