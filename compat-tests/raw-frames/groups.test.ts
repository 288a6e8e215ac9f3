/** The group protocol's own rules, request by request. */
import type { Endpoint } from '../support/broker.ts'
import { apiKey, commitOffset, committedOffset, createTopic } from '../support/requests.ts'
import { suite } from '../support/scenario.ts'
import { Connection, Writer } from '../support/wire.ts'

interface Joined {
  errorCode: number
  generation: number
  memberId: string
  isLeader: boolean
  members: number
}

interface JoinOptions {
  memberId?: string
  version?: number
  sessionMs?: number
  protocolType?: string
  protocol?: string
  instanceId?: string | null
}

/** Version 0, no topics, no user data. Kafka reads it, and leaves a join unanswered whose bytes it cannot read. */
const subscription = new Writer().int16(0).int32(0).int32(-1).done()

/** Versions 1 to 5. */
async function join(connection: Connection, group: string, options: JoinOptions = {}): Promise<Joined> {
  const {
    memberId = '',
    version = 2,
    sessionMs = 10_000,
    protocolType = 'consumer',
    protocol = 'range',
  } = options
  const body = new Writer().string(group).int32(sessionMs).int32(10_000).string(memberId)
  if (version >= 5) body.string(options.instanceId ?? null)
  body.string(protocolType).int32(1).string(protocol).bytes(subscription)
  const answer = await connection.request(apiKey.joinGroup, version, body.done())
  if (version >= 2) answer.int32()
  const errorCode = answer.int16()
  const generation = answer.int32()
  answer.string()
  const leader = answer.string()
  const given = answer.string()!
  const members = answer.array(() => {
    answer.string()
    if (version >= 5) answer.string()
    return answer.nullableBytes()
  })
  return { errorCode, generation, memberId: given, isLeader: leader === given, members: members.length }
}

async function sync(
  connection: Connection,
  group: string,
  generation: number,
  memberId: string,
  assign = true,
) {
  const body = new Writer().string(group).int32(generation).string(memberId)
  if (assign) body.int32(1).string(memberId).bytes(Buffer.from('assignment'))
  else body.int32(0)
  const answer = await connection.request(apiKey.syncGroup, 0, body.done())
  return { errorCode: answer.int16(), assignment: answer.nullableBytes()?.toString() }
}

async function heartbeat(connection: Connection, group: string, generation: number, memberId: string) {
  const body = new Writer().string(group).int32(generation).string(memberId)
  return (await connection.request(apiKey.heartbeat, 0, body.done())).int16()
}

async function leave(connection: Connection, group: string, memberId: string) {
  return (
    await connection.request(apiKey.leaveGroup, 0, new Writer().string(group).string(memberId).done())
  ).int16()
}

async function commitAs(
  connection: Connection,
  group: string,
  generation: number,
  memberId: string,
  topic: string,
) {
  const body = new Writer().string(group).int32(generation).string(memberId).int64(-1)
  body.int32(1).string(topic).int32(1).int32(0).int64(5).string('note')
  const answer = await connection.request(apiKey.offsetCommit, 2, body.done())
  answer.int32()
  answer.string()
  answer.int32()
  answer.int32()
  return answer.int16()
}

async function withConnection<T>(
  { host, port }: Endpoint,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await Connection.open(host, port)
  return use(connection).finally(() => connection.close())
}

/** What can be compared: member ids are drawn by the broker. */
const outline = ({ memberId, ...joined }: Joined) => ({ ...joined, hasMemberId: memberId !== '' })

suite('raw groups', scenario => {
  scenario('refuses groups and members that cannot be', scene =>
    withConnection(scene, async connection => {
      const group = scene.name()
      return {
        emptyGroup: outline(await join(connection, '')),
        shortSession: outline(await join(connection, group, { sessionMs: 1 })),
        longSession: outline(await join(connection, group, { sessionMs: 2_000_000_000 })),
        unknownMember: outline(await join(connection, group, { memberId: 'nobody' })),
        memberIdRequired: outline(await join(connection, group, { version: 4 })),
        emptyProtocolType: outline(await join(connection, group, { protocolType: '' })),
        syncUnknown: await sync(connection, group, 1, 'nobody'),
        heartbeatUnknown: await heartbeat(connection, group, 1, 'nobody'),
        leaveUnknown: await leave(connection, group, 'nobody'),
        commitUnknown: await commitAs(connection, group, 1, 'nobody', 'none'),
        heartbeatOfNoGroup: await heartbeat(connection, `${group}-none`, 1, 'nobody'),
        commitOfNoGroup: await commitAs(connection, `${group}-none`, 1, 'nobody', 'none'),
      }
    }),
  )

  scenario('leads one member through its life', scene =>
    withConnection(scene, async connection => {
      const group = scene.name()
      const topic = scene.name('topic')
      await createTopic(connection, topic, 1)
      const first = await join(connection, group, { version: 4 })
      const joined = await join(connection, group, { version: 4, memberId: first.memberId })
      const { generation, memberId } = joined
      const answers = {
        first: outline(first),
        joined: outline(joined),
        syncedOld: await sync(connection, group, generation - 1, memberId),
        synced: await sync(connection, group, generation, memberId),
        syncedAgain: await sync(connection, group, generation, memberId, false),
        alive: await heartbeat(connection, group, generation, memberId),
        oldGeneration: await heartbeat(connection, group, generation - 1, memberId),
        committed: await commitAs(connection, group, generation, memberId, topic),
        committedOld: await commitAs(connection, group, generation - 1, memberId, topic),
        committedNoTopic: await commitAs(connection, group, generation, memberId, 'none'),
        committedFromOutside: await commitOffset(connection, group, { topic, partition: 0 }, 9),
        offset: await committedOffset(connection, group, { topic, partition: 0 }),
        otherType: outline(await join(connection, group, { protocolType: 'connect' })),
        otherProtocol: outline(await join(connection, group, { protocol: 'unheard-of' })),
        left: await leave(connection, group, memberId),
        leftAgain: await leave(connection, group, memberId),
        afterLeaving: await heartbeat(connection, group, generation, memberId),
        fromOutsideWhenEmpty: await commitOffset(connection, group, { topic, partition: 0 }, 9),
      }
      return answers
    }),
  )

  scenario('rebalances when a second member comes', scene =>
    withConnection(scene, async first =>
      withConnection(scene, async second => {
        const group = scene.name()
        const a = await join(first, group)
        await sync(first, group, a.generation, a.memberId)
        const joining = join(second, group)
        let told = 0
        for (let tries = 0; tries < 100 && told === 0; tries++)
          told = await heartbeat(first, group, a.generation, a.memberId)
        const again = await join(first, group, { memberId: a.memberId })
        const b = await joining
        const leader = again.isLeader ? again : b
        const waiting = sync(
          again.isLeader ? second : first,
          group,
          b.generation,
          again.isLeader ? b.memberId : a.memberId,
          false,
        )
        const led = await sync(again.isLeader ? first : second, group, b.generation, leader.memberId)
        return {
          first: outline(a),
          told,
          generations: [again.generation, b.generation],
          members: [again.members, b.members].sort(),
          led,
          followed: await waiting,
        }
      }),
    ),
  )

  scenario('knows a static member again, and fences its double', scene =>
    withConnection(scene, async connection => {
      const group = scene.name()
      const options = { version: 5, instanceId: 'one' }
      const first = await join(connection, group, options)
      const synced = await sync(connection, group, first.generation, first.memberId)
      const again = await join(connection, group, options)
      return {
        first: outline(first),
        synced,
        again: outline(again),
        isNewMember: again.memberId !== first.memberId,
        oldMember: outline(await join(connection, group, { ...options, memberId: first.memberId })),
        heartbeat: await heartbeat(connection, group, again.generation, again.memberId),
      }
    }),
  )

  scenario(
    'removes a member that falls silent',
    scene =>
      withConnection(scene, async first =>
        withConnection(scene, async second => {
          const group = scene.name()
          const a = await join(first, group, { sessionMs: 6_000 })
          await sync(first, group, a.generation, a.memberId)
          const began = performance.now()
          const b = await join(second, group, { sessionMs: 6_000 })
          const ms = performance.now() - began
          return {
            b: outline(b),
            // The session ends after 6 s, or the rebalance after 10 s.
            inTime: ms > 4_000 && ms < 12_000,
            old: await heartbeat(first, group, a.generation, a.memberId),
          }
        }),
      ),
    { timeoutMs: 30_000 },
  )
})
