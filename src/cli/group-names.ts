/** Groups that a command line names: an unknown one is told with the names that are close. */
import { type DescribedGroup, describeGroup, listGroups } from '../client/groups.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { KafkaError } from '../protocol/errors.ts'
import { suggestion } from './close-names.ts'
import { InputError } from './failure.ts'

/** Undefined when there is no such group; old brokers then say that it is dead. */
export async function findGroup(client: KafkaClient, name: string): Promise<DescribedGroup | undefined> {
  try {
    const group = await describeGroup(client, name)
    return group.state === 'Dead' ? undefined : group
  } catch (error) {
    if (error instanceof KafkaError && error.error === 'GROUP_ID_NOT_FOUND') return undefined
    throw error
  }
}

export async function requireGroup(client: KafkaClient, name: string): Promise<DescribedGroup> {
  return (await findGroup(client, name)) ?? unknownGroup(client, name)
}

export async function unknownGroup(client: KafkaClient, name: string): Promise<never> {
  const groups = await listGroups(client)
  const close = suggestion(
    name,
    groups.map(({ group }) => group),
  )
  throw new InputError(`there is no group ${name}${close}`)
}
