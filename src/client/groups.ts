/** Groups from outside: which there are, who is in them, and removing them. */
import { KafkaError } from '../protocol/errors.ts'
import { ConsumerGroupDescribe } from '../protocol/messages/consumer-group-describe.ts'
import { DeleteGroups } from '../protocol/messages/delete-groups.ts'
import { DescribeGroups } from '../protocol/messages/describe-groups.ts'
import { ListGroups } from '../protocol/messages/list-groups.ts'
import { CONSUMER_PROTOCOL, decodeAssignment } from './consumer-protocol.ts'
import { errorOf, requireSuccess } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './topic-partition.ts'

export interface ListedGroup {
  readonly group: string
  readonly state: string
  /** `classic`, `consumer` …; empty where the broker does not say. */
  readonly type: string
  readonly protocolType: string
  readonly coordinator: number
}

/** The groups of all brokers, by name. */
export async function listGroups(client: KafkaClient): Promise<ListedGroup[]> {
  await client.refresh([])
  const found = await Promise.all(
    [...client.view.brokers.keys()].map(nodeId => client.retry(() => groupsOf(client, nodeId))),
  )
  return found.flat().sort((a, b) => (a.group < b.group ? -1 : 1))
}

async function groupsOf(client: KafkaClient, nodeId: number): Promise<ListedGroup[]> {
  const connection = await client.toBroker(nodeId)
  const answer = await connection.request(ListGroups, {})
  requireSuccess(answer.errorCode)
  return answer.groups.map(({ groupId, groupState, groupType, protocolType }) => ({
    group: groupId,
    state: groupState,
    type: groupType.toLowerCase(),
    protocolType,
    coordinator: nodeId,
  }))
}

export interface DescribedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly host: string
  readonly assigned: readonly TopicPartition[]
}

export interface DescribedGroup {
  readonly group: string
  readonly coordinator: number
  readonly state: string
  readonly type: string
  readonly assignor: string
  readonly members: readonly DescribedMember[]
}

/** A group that does not exist is GROUP_ID_NOT_FOUND, or in the state Dead where the broker is old. */
export async function describeGroup(client: KafkaClient, group: string): Promise<DescribedGroup> {
  const coordinator = await client.findCoordinator(group)
  const connection = await client.toBroker(coordinator)
  try {
    return { coordinator, ...(await describeClassic(client, group)) }
  } catch (error) {
    const isMissing = error instanceof KafkaError && error.error === 'GROUP_ID_NOT_FOUND'
    if (!isMissing || !connection.supports(ConsumerGroupDescribe)) throw error
    return { coordinator, ...(await describeConsumer(client, group)) }
  }
}

async function describeClassic(client: KafkaClient, group: string) {
  const answer = await client.askCoordinator(group, DescribeGroups, { groups: [group] }, ({ groups }) =>
    errorOf(groups[0]?.errorCode ?? 0, groups[0]?.errorMessage),
  )
  const { groupState, protocolType, protocolData, members } = answer.groups[0]!
  return {
    group,
    state: groupState,
    type: 'classic',
    assignor: protocolData,
    members: members.map(member => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      host: plainHost(member.clientHost),
      assigned: protocolType === CONSUMER_PROTOCOL ? decodeAssignment(member.memberAssignment) : [],
    })),
  }
}

async function describeConsumer(client: KafkaClient, group: string) {
  const answer = await client.askCoordinator(
    group,
    ConsumerGroupDescribe,
    { groupIds: [group], includeAuthorizedOperations: false },
    ({ groups }) => errorOf(groups[0]?.errorCode ?? 0, groups[0]?.errorMessage),
  )
  const { groupState, assignorName, members } = answer.groups[0]!
  return {
    group,
    state: groupState,
    type: 'consumer',
    assignor: assignorName,
    members: members.map(member => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      clientId: member.clientId,
      host: plainHost(member.clientHost),
      assigned: member.assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
        partitions.map(partition => ({ topic: topicName, partition })),
      ),
    })),
  }
}

/** Brokers in Java write a slash in front. */
function plainHost(host: string): string {
  return host.replace(/^\//, '')
}

/** Removes an empty group with its offsets. */
export async function deleteGroup(client: KafkaClient, group: string): Promise<KafkaError | undefined> {
  try {
    await client.askCoordinator(group, DeleteGroups, { groupsNames: [group] }, ({ results }) =>
      errorOf(results[0]?.errorCode ?? 0),
    )
    return undefined
  } catch (error) {
    if (error instanceof KafkaError) return error
    throw error
  }
}
