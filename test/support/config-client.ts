import { DescribeConfigs } from '../../src/protocol/messages/describe-configs.ts'
import { IncrementalAlterConfigs } from '../../src/protocol/messages/incremental-alter-configs.ts'
import type { RawClient } from './raw-client.ts'

/** Settings of resources, over the wire. */
export interface Resource {
  type: number
  name: string
}

export const Op = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const

export type Change = readonly [name: string, operation: number, value: string | null]

/** Changes one resource, and gives its answer as [code, message]. */
export async function change(
  client: RawClient,
  { type, name }: Resource,
  changes: readonly Change[],
  { validateOnly = false, version = 1 } = {},
): Promise<[code: number, message: string | null]> {
  const { responses } = await client.request(IncrementalAlterConfigs, version, {
    resources: [
      {
        resourceType: type,
        resourceName: name,
        configs: changes.map(([config, configOperation, value]) => ({
          name: config,
          configOperation,
          value,
        })),
      },
    ],
    validateOnly,
  })
  const { errorCode, errorMessage } = responses[0]!
  return [errorCode, errorMessage]
}

/** Sets settings of a resource, or throws what the broker answers. */
export async function set(
  client: RawClient,
  resource: Resource,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const changes = Object.entries(values).map(([name, value]): Change => [name, Op.SET, value])
  const [code, message] = await change(client, resource, changes)
  if (code !== 0) throw new Error(`${code}: ${message}`)
}

export async function describe(client: RawClient, { type, name }: Resource, keys: string[] | null = null) {
  const { results } = await client.request(DescribeConfigs, 4, {
    resources: [{ resourceType: type, resourceName: name, configurationKeys: keys }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  return results[0]!
}

/** One setting as `value, source, synonym=value source…`. */
export async function brief(client: RawClient, resource: Resource, name: string) {
  const { configs } = await describe(client, resource, [name])
  const row = configs[0]
  return row && [row.value, row.configSource, ...row.synonyms.map(s => `${s.name}=${s.value} ${s.source}`)]
}
