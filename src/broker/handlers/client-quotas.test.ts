import { beforeEach, describe, expect, test } from 'vitest'
import { startLiveBroker, temporaryFolder } from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { AlterClientQuotas } from '../../protocol/messages/alter-client-quotas.ts'
import { DescribeClientQuotas } from '../../protocol/messages/describe-client-quotas.ts'
import { DescribeUserScramCredentials } from '../../protocol/messages/describe-user-scram-credentials.ts'

type Entity = readonly (readonly [type: string, name: string | null])[]
type Values = { readonly [key: string]: number | null }

const INVALID_REQUEST = 42
const UNSUPPORTED_VERSION = 35

let client: RawClient
beforeEach(async () => {
  client = (await startLiveBroker()).client
})

/** Null removes. The answers are `none`, or the code and the message. */
async function alter(entries: readonly (readonly [Entity, Values])[], validateOnly = false, by = client) {
  const answer = await by.request(AlterClientQuotas, 1, {
    entries: entries.map(([entity, values]) => ({
      entity: entity.map(([entityType, entityName]) => ({ entityType, entityName })),
      ops: Object.entries(values).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
    })),
    validateOnly,
  })
  return answer.entries.map(({ errorCode, errorMessage }) =>
    errorCode === 0 ? 'none' : `${errorCode} ${errorMessage}`,
  )
}

type Component = readonly [type: string, match: 'exact' | 'default' | 'any' | number, name?: string]

/** Each quota found as text. */
async function describeQuotas(components: readonly Component[] = [], strict = false, by = client) {
  const matchTypes = { exact: 0, default: 1, any: 2 }
  const answer = await by.request(DescribeClientQuotas, 1, {
    components: components.map(([entityType, match, name]) => ({
      entityType,
      matchType: typeof match === 'number' ? match : matchTypes[match],
      match: name ?? null,
    })),
    strict,
  })
  if (answer.errorCode !== 0) return `${answer.errorCode} ${answer.errorMessage}`
  return answer
    .entries!.map(({ entity, values }) => {
      const whom = entity.map(({ entityType, entityName }) => `${entityType}=${entityName ?? '*'}`)
      return `${whom.join(' ')}: ${values.map(({ key, value }) => `${key}=${value}`).join(' ')}`
    })
    .sort()
}

const RATE = { producer_byte_rate: 1_000 }

test('quotas are set, changed, removed, and survive a restart', async () => {
  const dataDir = await temporaryFolder()
  const first = await startLiveBroker({ dataDir })
  const alterAll = (entries: readonly (readonly [Entity, Values])[]) => alter(entries, false, first.client)
  const set = await alterAll([
    [[['user', 'u']], { producer_byte_rate: 1_000, request_percentage: 12.5 }],
    [[['client-id', null]], { controller_mutation_rate: 0.5, consumer_byte_rate: 2 ** 53 }],
    [
      [
        ['user', 'u'],
        ['client-id', 'c'],
      ],
      RATE,
    ],
    [[['ip', '10.0.0.1']], { connection_creation_rate: 5 }],
  ])
  expect(set).toEqual(['none', 'none', 'none', 'none'])
  const changed = await alterAll([
    [[['user', 'u']], { producer_byte_rate: 2_000, request_percentage: null, consumer_byte_rate: null }],
    // The order of the components does not matter.
    [
      [
        ['client-id', 'c'],
        ['user', 'u'],
      ],
      { producer_byte_rate: null },
    ],
  ])
  expect(changed).toEqual(['none', 'none'])
  const expected = [
    `client-id=*: controller_mutation_rate=0.5 consumer_byte_rate=${2 ** 53}`,
    'ip=10.0.0.1: connection_creation_rate=5',
    'user=u: producer_byte_rate=2000',
  ]
  expect(await describeQuotas([], false, first.client)).toEqual(expected)
  await first.client.close()
  await first.broker.close()
  const second = await startLiveBroker({ dataDir })
  expect(await describeQuotas([], false, second.client)).toEqual(expected)
})

test('nothing changes when it is only tried', async () => {
  expect(await alter([[[['user', 'u']], RATE]], true)).toEqual(['none'])
  expect(await alter([[[['user', '']], RATE]], true)).toEqual([`${INVALID_REQUEST} Empty user not supported`])
  expect(await describeQuotas()).toEqual([])
})

describe('refused is', () => {
  const ip: Entity = [['ip', '10.0.0.1']]
  const user: Entity = [['user', 'u']]
  test.each<[what: string, entity: Entity, values: Values, message: string]>([
    ['nobody', [], RATE, 'Invalid empty client quota entity'],
    ['an unknown type', [['group', 'g']], RATE, 'Unhandled client quota entity type: group'],
    ['an empty name', [['client-id', '']], RATE, 'Empty client-id not supported'],
    [
      'an address with a user',
      [...ip, ...user],
      RATE,
      'Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId',
    ],
    [
      'what is no address',
      [['ip', '1.2.3']],
      { connection_creation_rate: 1 },
      '1.2.3 is not a valid IP or resolvable host.',
    ],
    ['an unknown key', user, { speed: 1 }, 'Invalid configuration key speed'],
    [
      'a key of addresses for a user',
      user,
      { connection_creation_rate: 1 },
      'Invalid configuration key connection_creation_rate',
    ],
    [
      'a key of users for an address',
      ip,
      { request_percentage: 1 },
      'Invalid configuration key request_percentage',
    ],
    ['nothing', user, { producer_byte_rate: 0 }, 'Quota producer_byte_rate must be greater than 0'],
    [
      'less than nothing',
      user,
      { request_percentage: -0.5 },
      'Quota request_percentage must be greater than 0',
    ],
    [
      'no number',
      user,
      { request_percentage: Number.NaN },
      'Quota request_percentage must be greater than 0',
    ],
    ['part of a byte', user, { producer_byte_rate: 1.5 }, 'producer_byte_rate cannot be a fractional value.'],
    [
      'more than fits a long',
      user,
      { consumer_byte_rate: 1e19 },
      'Proposed value for consumer_byte_rate is too large for a LONG.',
    ],
    [
      'more than fits an int',
      ip,
      { connection_creation_rate: 2 ** 31 },
      'Proposed value for connection_creation_rate is too large for an INT.',
    ],
  ])('%s, and whoever else is named is served', async (_what, entity, values, message) => {
    const answers = await alter([
      [entity, values],
      [[['client-id', 'c']], RATE],
    ])
    expect(answers).toEqual([`${INVALID_REQUEST} ${message}`, 'none'])
    expect(await describeQuotas()).toEqual(['client-id=c: producer_byte_rate=1000'])
  })

  test('an entity that is named twice, the second time', async () => {
    const answers = await alter([
      [user, { producer_byte_rate: 1 }],
      [user, { producer_byte_rate: 2 }],
    ])
    expect(answers).toEqual([
      `${INVALID_REQUEST} Ignoring duplicate entity ClientQuotaEntity(entries={user=u})`,
    ])
    expect(await describeQuotas()).toEqual(['user=u: producer_byte_rate=1'])
  })

  test('a key that is named twice', async () => {
    const ops = [1, 2].map(value => ({ key: 'producer_byte_rate', value, remove: false }))
    const entity = [{ entityType: 'user', entityName: 'u' }]
    const answer = await client.request(AlterClientQuotas, 0, {
      entries: [{ entity, ops }],
      validateOnly: false,
    })
    expect(answer.entries).toMatchObject([
      { errorCode: INVALID_REQUEST, errorMessage: expect.stringMatching(/^Ignoring duplicate entity/) },
    ])
    expect(await describeQuotas()).toEqual([])
  })
})

describe('quotas are found', () => {
  beforeEach(async () => {
    const names: (string | null | undefined)[] = ['a', null, undefined]
    const pairs = names.flatMap(user => names.map(id => [user, id] as const)).slice(0, -1)
    await alter([
      ...pairs.map(([user, id]): [Entity, Values] => [
        [
          ...(user === undefined ? [] : [['user', user] as const]),
          ...(id === undefined ? [] : [['client-id', id] as const]),
        ],
        RATE,
      ]),
      [[['ip', null]], { connection_creation_rate: 1 }],
    ])
  })

  const found = async (components: readonly Component[], strict = false) =>
    ((await describeQuotas(components, strict)) as string[]).map(text => text.replace(/:.*/, ''))

  test('all of them without a filter, and none with an empty one that is strict', async () => {
    expect(await found([])).toHaveLength(9)
    expect(await found([], true)).toEqual([])
  })

  test('by name, as defaults, and with any name', async () => {
    expect(await found([['user', 'exact', 'a']])).toEqual([
      'client-id=* user=a',
      'client-id=a user=a',
      'user=a',
    ])
    expect(await found([['user', 'default']], true)).toEqual(['user=*'])
    expect(await found([['client-id', 'any']], true)).toEqual(['client-id=*', 'client-id=a'])
    expect(await found([['ip', 'any']])).toEqual(['ip=*'])
    expect(await found([['ip', 'exact', '10.0.0.1']])).toEqual([])
  })

  test('by two components', async () => {
    const both: Component[] = [
      ['user', 'exact', 'a'],
      ['client-id', 'any'],
    ]
    expect(await found(both, true)).toEqual(['client-id=* user=a', 'client-id=a user=a'])
    expect(await found(both)).toEqual(['client-id=* user=a', 'client-id=a user=a'])
  })

  test.each<[components: readonly Component[], answer: string]>([
    [[['', 'any']], `${INVALID_REQUEST} Invalid empty entity type.`],
    [[['group', 'any']], `${UNSUPPORTED_VERSION} Unsupported entity type group`],
    [
      [
        ['user', 'any'],
        ['user', 'default'],
      ],
      `${INVALID_REQUEST} Entity type user cannot appear more than once in the filter.`,
    ],
    [
      [['user', 'exact']],
      `${INVALID_REQUEST} Request specified MATCH_TYPE_EXACT, but set match string to null.`,
    ],
    [
      [['user', 'default', 'a']],
      `${INVALID_REQUEST} Request specified MATCH_TYPE_DEFAULT, but also specified a match string.`,
    ],
    [
      [['user', 'any', 'a']],
      `${INVALID_REQUEST} Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.`,
    ],
    [[['user', 3]], `${INVALID_REQUEST} Unknown match type 3`],
    [
      [
        ['ip', 'any'],
        ['user', 'any'],
      ],
      `${INVALID_REQUEST} Invalid entity filter component combination. ` +
        'IP filter component should not be used with user or clientId filter component.',
    ],
  ])('but not by %j', async (components, answer) => {
    expect(await describeQuotas(components)).toBe(answer)
  })
})

test('nobody has credentials, as there are no logins', async () => {
  const all = await client.request(DescribeUserScramCredentials, 0, { users: null })
  expect(all).toMatchObject({ errorCode: 0, results: [] })
  const users = [{ name: 'u' }, { name: 'v' }, { name: 'u' }]
  const { results } = await client.request(DescribeUserScramCredentials, 0, { users })
  expect(results).toMatchObject([
    { user: 'u', errorCode: 92, credentialInfos: [] },
    { user: 'v', errorCode: 91, credentialInfos: [] },
  ])
})
