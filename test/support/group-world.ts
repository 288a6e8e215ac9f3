import { SeededRandom } from '../../src/base/random.ts'
import { ClassicGroup } from '../../src/coordinator/groups/classic-group.ts'
import type { GroupOutput } from '../../src/coordinator/groups/group-answers.ts'
import { GROUP_SETTINGS } from '../../src/coordinator/groups/group-settings.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { subscription } from './group-script.ts'

/**
 * A classic group under random members, time and crashes, with a model beside it that knows only what was answered.
 *
 * Checked: in a generation each partition has one owner, and all members agree on leader and protocol; generations never go back,
 * except to what was stored last when the coordinator crashes; a commit of an old generation, or of a member that was fenced, is
 * refused; what is stored is what members are told; every request is answered once; a rebalance that someone waits for ends
 * within the rebalance timeout.
 */
const PARTITIONS = 6
const SESSION_MS = 6_000
const REBALANCE_MS = 9_000
const INSTANCES = ['one', 'two']

interface Client {
  name: string
  instance: string | null
  memberId: string
  generation: number
  protocol: string
  owns: string[]
  /** Members whose partitions it must share out, if it leads. */
  members: string[]
  parked: { id: number; type: 'join' | 'sync'; since: number } | null
  /** It has joined, and not asked for its assignment. */
  mustSync: boolean
  silentUntil: number
  /** Busy: its heartbeats go on, but it does not join the next generation until then. */
  busyUntil: number
}

export class GroupWorld {
  readonly history: string[] = []
  readonly counts = new Map<string, number>()
  readonly #random: SeededRandom
  readonly #settings = {
    ...GROUP_SETTINGS,
    groupInitialRebalanceDelayMs: 0,
    groupMaxSize: 5,
    groupStragglerDelayMs: 5,
  }
  #group: ClassicGroup
  #mono = 0
  #stored: ReturnType<ClassicGroup['toRecord']> | null = null
  readonly #clients: Client[] = []
  readonly #requests = new Map<number, Client>()
  #lastRequest = 0
  #lastClient = 0
  /** By generation of one life of the coordinator: who owns each partition, and what all agree on. */
  #owners = new Map<string, string>()
  #agreed = new Map<number, string>()
  #generation = 0
  readonly #fenced = new Set<string>()

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
    this.#group = new ClassicGroup('group', this.#settings, this.#now)
    for (let i = 0; i < 6; i++) this.#newClient()
  }

  step(): void {
    this.#advance(this.#random.below(this.#random.below(8) === 0 ? 4_000 : 400))
    const client = this.#clients[this.#random.below(this.#clients.length)]!
    const dice = this.#random.below(100)
    if (dice < 1) this.#crash()
    else if (dice < 5) this.#restart(client)
    else if (dice < 7) client.silentUntil = this.#mono + 20_000
    else if (dice < 8) client.busyUntil = this.#mono + 30_000
    else if (dice < 12) this.#commitAsZombie(client)
    else if (client.silentUntil <= this.#mono) this.#behave(client, dice)
    this.#checkAgreement()
  }

  /** Everybody behaves from now on: the group must come to rest with all of them in it. */
  finish(): void {
    for (const client of this.#clients) {
      client.silentUntil = 0
      client.busyUntil = 0
    }
    for (let i = 0; i < 400; i++) {
      this.#advance(100)
      for (const client of [...this.#clients]) if (this.#clients.includes(client)) this.#behave(client, 50)
    }
    require(this.#group.state === 'Stable', `the group has not come to rest: ${this.#group.state}`)
    require(this.#requests.size === 0, 'a request was never answered')
    const wanted = Math.min(this.#clients.length, this.#settings.groupMaxSize)
    require(this.#group.size >= wanted - 1, `only ${this.#group.size} of ${wanted} are in`)
  }

  get #now() {
    return { mono: this.#mono, wall: this.#mono }
  }

  #newClient(): Client {
    const name = `c${++this.#lastClient}`
    const instance = this.#random.below(3) === 0 ? INSTANCES[this.#random.below(INSTANCES.length)]! : null
    const client: Client = {
      name,
      instance,
      memberId: '',
      generation: -1,
      protocol: '',
      owns: [],
      members: [],
      parked: null,
      mustSync: false,
      silentUntil: 0,
      busyUntil: 0,
    }
    this.#clients.push(client)
    return client
  }

  /** The process dies and another takes its place, under the same instance id if it had one. */
  #restart(client: Client): void {
    this.#log(`${client.name} restarts`)
    this.#clients.splice(this.#clients.indexOf(client), 1)
    this.#newClient().instance = client.instance
  }

  #behave(client: Client, dice: number): void {
    if (client.parked !== null) return
    if (client.busyUntil > this.#mono && client.generation >= 0) {
      const code = this.#group.heartbeat(this.#claim(client), this.#now)
      if (code !== ErrorCode.NONE && code !== ErrorCode.REBALANCE_IN_PROGRESS) this.#lose(client, code)
      return
    }
    if (client.mustSync) this.#sync(client)
    else if (client.generation < 0 || dice < 16) this.#join(client)
    else if (dice < 19) this.#leave(client)
    else if (dice < 60) this.#heartbeat(client)
    else this.#commit(client)
  }

  #join(client: Client): void {
    const id = this.#park(client, 'join')
    const names = this.#random.below(4) === 0 ? ['range', 'sticky'] : ['sticky', 'range']
    const metadata = subscription(this.#random.below(10) === 0 ? ['t', 'u'] : ['t'])
    const output = this.#group.join(
      {
        requestId: id,
        memberId: client.memberId,
        newMemberId: `${client.name}-${id}`,
        groupInstanceId: client.instance,
        clientId: client.name,
        clientHost: '/127.0.0.1',
        protocolType: 'consumer',
        protocols: names.map(name => ({ name, metadata })),
        sessionTimeoutMs: SESSION_MS,
        rebalanceTimeoutMs: REBALANCE_MS,
        requiresMemberId: this.#random.below(3) > 0,
        supportsSkippingAssignment: this.#random.below(2) === 0,
        reason: null,
      },
      this.#now,
    )
    this.#log(`${client.name} joins as "${client.memberId}" ${client.instance ?? ''}`)
    this.#deliver(output)
  }

  #sync(client: Client): void {
    client.mustSync = false
    const assignments = client.members.map((memberId, i) => {
      const partitions = Array.from({ length: PARTITIONS }, (_, p) => p).filter(
        p => p % client.members.length === i,
      )
      return { memberId, assignment: Buffer.from(partitions.join(',')) }
    })
    const { memberId, instance, generation: generationId, protocol: protocolName } = client
    const input = {
      requestId: this.#park(client, 'sync'),
      memberId,
      groupInstanceId: instance,
      generationId,
      protocolType: 'consumer',
      protocolName,
      assignments,
    }
    this.#log(`${client.name} syncs generation ${generationId}`)
    this.#deliver(this.#group.sync(input, this.#now))
  }

  #heartbeat(client: Client): void {
    const code = this.#group.heartbeat(this.#claim(client), this.#now)
    this.#log(`${client.name} heartbeat: ${code}`)
    if (code === ErrorCode.REBALANCE_IN_PROGRESS) this.#join(client)
    else if (code !== ErrorCode.NONE) this.#lose(client, code)
  }

  #commit(client: Client): void {
    const code = this.#group.checkCommit(this.#claim(client), this.#now)
    this.#log(`${client.name} commits in ${client.generation}: ${code}`)
    if (code === ErrorCode.NONE) {
      require(client.generation === this.#group.generation, 'a commit of an old generation was taken')
      require(!this.#fenced.has(client.memberId), 'a commit of a fenced member was taken')
    } else if (code === ErrorCode.REBALANCE_IN_PROGRESS) this.#join(client)
    else this.#lose(client, code)
  }

  /** A client from the past: an old generation, or the member id before a restart. */
  #commitAsZombie(client: Client): void {
    const old = { ...this.#claim(client), generationId: client.generation - 1 }
    if (old.generationId < 0 || old.memberId === '') return
    const code = this.#group.checkCommit(old, this.#now)
    require(code !== ErrorCode.NONE, `a commit of generation ${old.generationId} was taken`)
    this.#count('old commit refused')
    for (const memberId of this.#fenced) {
      const claim = { memberId, groupInstanceId: null, generationId: this.#group.generation }
      require(this.#group.checkCommit(claim, this.#now) !==
        ErrorCode.NONE, 'a commit of a fenced member was taken')
    }
  }

  #leave(client: Client): void {
    this.#log(`${client.name} leaves`)
    const leaver = { memberId: client.memberId, groupInstanceId: client.instance, reason: null }
    this.#deliver(this.#group.leave([leaver], this.#now))
    this.#lose(client, ErrorCode.UNKNOWN_MEMBER_ID)
  }

  #claim(client: Client) {
    return { memberId: client.memberId, groupInstanceId: client.instance, generationId: client.generation }
  }

  #lose(client: Client, code: number): void {
    if (code === ErrorCode.FENCED_INSTANCE_ID) {
      // Another process has its instance id: this one ends, as Kafka's own consumers do.
      this.#count('fenced')
      this.#clients.splice(this.#clients.indexOf(client), 1)
      this.#newClient().instance = null
    }
    if (code !== ErrorCode.ILLEGAL_GENERATION) client.memberId = ''
    client.generation = -1
    client.owns = []
    client.mustSync = false
  }

  #advance(ms: number): void {
    const end = this.#mono + ms
    while (this.#group.wakeAt <= end) {
      this.#mono = Math.max(this.#mono, this.#group.wakeAt)
      const size = this.#group.size
      this.#deliver(this.#group.tick(this.#now))
      if (this.#group.size < size) this.#count('expired')
      require(this.#group.wakeAt > this.#mono, 'a group that is woken must have done what was due')
    }
    this.#mono = end
    for (const { parked, name } of this.#clients) {
      if (parked?.type !== 'join') continue
      const waited = this.#mono - parked.since
      require(waited <=
        2 * REBALANCE_MS + SESSION_MS, `${name} has waited ${waited} ms for a rebalance to end`)
    }
  }

  #crash(): void {
    this.#log(`the coordinator crashes in ${this.#group.state}`)
    this.#count('crash')
    if (this.#stored === null) this.#group = new ClassicGroup('group', this.#settings, this.#now)
    else this.#group = ClassicGroup.restore('group', this.#stored, this.#settings, this.#now)
    for (const client of this.#requests.values()) client.parked = null
    this.#requests.clear()
    this.#generation = this.#group.generation
    // Nobody was told an assignment that is not stored, so what was told of later generations never had owners.
    for (const key of [...this.#owners.keys()])
      if (Number(key.split('/')[0]) > this.#generation) this.#owners.delete(key)
    for (const generation of [...this.#agreed.keys()])
      if (generation > this.#generation) this.#agreed.delete(generation)
    for (const client of this.#clients) {
      require(client.owns.length === 0 ||
        client.generation <= this.#generation, 'an assignment was told before it was stored')
      if (client.generation > this.#generation) this.#lose(client, ErrorCode.UNKNOWN_MEMBER_ID)
    }
  }

  #park(client: Client, type: 'join' | 'sync'): number {
    const id = ++this.#lastRequest
    client.parked = { id, type, since: this.#mono }
    client.owns = type === 'join' ? [] : client.owns
    this.#requests.set(id, client)
    return id
  }

  #deliver({ record, answers, notes }: GroupOutput): void {
    for (const note of notes) this.#log(`  (${note})`)
    if (record !== null) {
      this.#stored = structuredClone(record)
      this.#stored.members.forEach((member, i) => {
        const { subscription, assignment } = record.members[i]!
        Object.assign(member, {
          subscription: Buffer.from(subscription),
          assignment: Buffer.from(assignment),
        })
      })
    }
    for (const answer of answers) {
      const client = this.#requests.get(answer.requestId)
      require(client !== undefined, `request ${answer.requestId} is answered twice`)
      this.#requests.delete(answer.requestId)
      if (client.parked?.id === answer.requestId) client.parked = null
      if (!this.#clients.includes(client)) continue
      if (answer.type === 'join') this.#joined(client, answer.response)
      else this.#synced(client, answer.response)
    }
  }

  #joined(
    client: Client,
    response: Extract<GroupOutput['answers'][number], { type: 'join' }>['response'],
  ): void {
    this.#log(`${client.name}: joined ${response.generationId}, ${response.errorCode}`)
    if (response.errorCode === ErrorCode.MEMBER_ID_REQUIRED) client.memberId = response.memberId
    else if (response.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) client.generation = -1
    else if (response.errorCode !== ErrorCode.NONE) this.#lose(client, response.errorCode)
    if (response.errorCode !== ErrorCode.NONE) return
    if (client.memberId !== '' && client.memberId !== response.memberId) this.#fenced.add(client.memberId)
    client.memberId = response.memberId
    client.generation = response.generationId
    client.protocol = response.protocolName!
    client.members =
      response.leader === response.memberId ? response.members.map(({ memberId }) => memberId) : []
    client.mustSync = true
    if (response.skipAssignment) this.#count('took over')
    this.#agree(response.generationId, response.protocolName!)
  }

  #synced(
    client: Client,
    response: Extract<GroupOutput['answers'][number], { type: 'sync' }>['response'],
  ): void {
    this.#log(`${client.name}: synced, ${response.errorCode} "${response.assignment}"`)
    if (response.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) {
      client.generation = -1
      return
    }
    if (response.errorCode !== ErrorCode.NONE) {
      this.#lose(client, response.errorCode)
      return
    }
    this.#count('assigned')
    client.owns = String(response.assignment).split(',').filter(Boolean)
    const member = this.#stored!.members.find(({ memberId }) => memberId === client.memberId)
    require(member?.assignment.equals(response.assignment) === true, 'a member was told what is not stored')
    for (const partition of client.owns) this.#own(client, partition)
  }

  /** A static member that took over stands for the one before it. */
  #own(client: Client, partition: string): void {
    const key = `${client.generation}/${partition}`
    const owner = client.instance ?? client.memberId
    const other = this.#owners.get(key)
    require(other === undefined ||
      other === owner, `${partition} has two owners in ${client.generation}: ${other}, ${owner}`)
    this.#owners.set(key, owner)
  }

  #agree(generation: number, text: string): void {
    const known = this.#agreed.get(generation)
    require(known === undefined || known === text, `generation ${generation} is ${known} and ${text}`)
    this.#agreed.set(generation, text)
  }

  #checkAgreement(): void {
    require(this.#group.generation >= this.#generation, 'the generation went back')
    if (this.#group.generation > this.#generation) this.#count('rebalance')
    this.#generation = this.#group.generation
    const isOpen = this.#group.state === 'PreparingRebalance'
    require(isOpen || this.#group.size <= this.#settings.groupMaxSize, `${this.#group.size} members`)
  }

  #count(event: string): void {
    this.counts.set(event, (this.counts.get(event) ?? 0) + 1)
  }

  #log(text: string): void {
    this.history.push(`${this.#mono} ${text}`)
  }
}

function require(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}
