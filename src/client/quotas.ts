/** Quotas of users, client ids and addresses. */
import type { KafkaError } from '../protocol/errors.ts'
import { AlterClientQuotas } from '../protocol/messages/alter-client-quotas.ts'
import { DescribeClientQuotas } from '../protocol/messages/describe-client-quotas.ts'
import { errorOf, requireSuccess } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'

export interface EntityPart {
  /** `user`, `client-id` or `ip`. */
  readonly type: string
  /** Null: the default of that type. */
  readonly name: string | null
}

export interface EntityFilter {
  readonly type: string
  readonly match: 'name' | 'default' | 'any'
  /** For the match by name. */
  readonly name: string | null
}

export interface Quota {
  readonly entity: readonly EntityPart[]
  readonly values: ReadonlyMap<string, number>
}

const matches = { name: 0, default: 1, any: 2 } as const

/** Quotas whose entities match every filter; strictly: and have no part besides. */
export async function findQuotas(
  client: KafkaClient,
  filters: readonly EntityFilter[],
  { strict = false }: { strict?: boolean } = {},
): Promise<Quota[]> {
  const answer = await client.ask(DescribeClientQuotas, {
    components: filters.map(({ type, name, match }) => ({
      entityType: type,
      matchType: matches[match],
      match: match === 'name' ? name : null,
    })),
    strict,
  })
  requireSuccess(answer.errorCode, answer.errorMessage)
  return (answer.entries ?? []).map(({ entity, values }) => ({
    entity: entity.map(({ entityType, entityName }) => ({ type: entityType, name: entityName })),
    values: new Map(values.map(({ key, value }) => [key, value])),
  }))
}

/** Sets the quotas of one entity; undefined removes. */
export async function alterQuotas(
  client: KafkaClient,
  entity: readonly EntityPart[],
  values: ReadonlyMap<string, number | undefined>,
  { validateOnly = false }: { validateOnly?: boolean } = {},
): Promise<KafkaError | undefined> {
  const controller = await client.toController()
  const answer = await controller.request(AlterClientQuotas, {
    entries: [
      {
        entity: entity.map(({ type, name }) => ({ entityType: type, entityName: name })),
        ops: [...values].map(([key, value]) => ({ key, value: value ?? 0, remove: value === undefined })),
      },
    ],
    validateOnly,
  })
  const entry = answer.entries[0]
  return errorOf(entry?.errorCode ?? 0, entry?.errorMessage)
}
