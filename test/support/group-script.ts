import { ClassicGroup } from '../../src/coordinator/groups/classic-group.ts'
import type { GroupOutput } from '../../src/coordinator/groups/group-answers.ts'
import type { JoinInput } from '../../src/coordinator/groups/group-input.ts'
import { GROUP_SETTINGS, type GroupSettings } from '../../src/coordinator/groups/group-settings.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'

/**
 * Drives one classic group by the commands of a transcript. Clients have names; each remembers the member id and the generation
 * that its last answers told it, as a real one does.
 *
 *     set groupMaxSize=2                      before the first request
 *     join NAME [instance=] [protocols=a,b] [topics=t,u] [session=ms] [rebalance=ms] [version=] [id=] [type=]
 *     sync NAME [MEMBER=assignment …] [gen=] [protocol=]
 *     heartbeat|commit|leave NAME [gen=] [id=] [instance=]
 *     forget NAME                             the client restarts without its member id
 *     advance MS
 *     crash                                   the group is made anew from its last record
 *     show
 */
export class GroupScript {
  #settings: GroupSettings = { ...GROUP_SETTINGS, groupInitialRebalanceDelayMs: 0 }
  #group: ClassicGroup | null = null
  #mono = 0
  #stored: ReturnType<ClassicGroup['toRecord']> | null = null
  readonly #clients = new Map<string, Client>()
  readonly #requests = new Map<number, Client>()
  #lastRequestId = 0

  run(command: string): string[] {
    const [verb = '', ...words] = command.split(' ')
    if (verb === 'set') return this.#set(words)
    if (verb === 'advance') return this.#advance(Number(words[0]))
    if (verb === 'crash') return this.#crash()
    if (verb === 'show') return this.#show()
    const client = this.#client(words[0] ?? '')
    const options = new Map(words.slice(1).map(word => word.split('=') as [string, string]))
    if (verb === 'forget') {
      client.memberId = ''
      return []
    }
    if (verb === 'join') return this.#join(client, options)
    if (verb === 'sync') return this.#sync(client, options)
    const claim = this.#claim(client, options)
    if (verb === 'heartbeat') return [`${client.name}: ${nameOf(this.#opened.heartbeat(claim, this.#now))}`]
    if (verb === 'commit') return [`${client.name}: ${nameOf(this.#opened.checkCommit(claim, this.#now))}`]
    if (verb === 'leave') {
      const output = this.#opened.leave([{ ...claim, reason: null }], this.#now)
      return [`${client.name}: left, ${output.errorCodes.map(nameOf)}`, ...this.#tell(output)]
    }
    throw new Error(`unknown command: ${command}`)
  }

  get #now() {
    return { mono: this.#mono, wall: this.#mono }
  }

  get #opened(): ClassicGroup {
    this.#group ??= new ClassicGroup('group', this.#settings, this.#now)
    return this.#group
  }

  #client(name: string): Client {
    let client = this.#clients.get(name)
    if (client === undefined) {
      client = { name, memberId: '', instance: null, generation: -1, ids: 0 }
      this.#clients.set(name, client)
    }
    return client
  }

  #claim(client: Client, options: Map<string, string>) {
    return {
      memberId: options.get('id') ?? client.memberId,
      groupInstanceId: options.get('instance') ?? client.instance,
      generationId: Number(options.get('gen') ?? client.generation),
    }
  }

  #join(client: Client, options: Map<string, string>): string[] {
    client.instance = options.get('instance') ?? client.instance
    const version = Number(options.get('version') ?? 9)
    const metadata = subscription((options.get('topics') ?? 't').split(','))
    const input: JoinInput = {
      requestId: this.#request(client),
      memberId: options.get('id') ?? client.memberId,
      newMemberId: `${client.name}${client.ids + 1}`,
      groupInstanceId: client.instance,
      clientId: client.name,
      clientHost: '/127.0.0.1',
      protocolType: options.get('type') ?? 'consumer',
      protocols: (options.get('protocols') ?? 'range').split(',').map(name => ({ name, metadata })),
      sessionTimeoutMs: Number(options.get('session') ?? 10_000),
      rebalanceTimeoutMs: Number(options.get('rebalance') ?? 30_000),
      requiresMemberId: version >= 4,
      supportsSkippingAssignment: version >= 9,
      reason: null,
    }
    if (input.memberId === '') client.ids++
    return this.#tell(this.#opened.join(input, this.#now))
  }

  #sync(client: Client, options: Map<string, string>): string[] {
    const assignments = [...options]
      .filter(([name]) => name !== 'gen' && name !== 'protocol' && name !== 'id')
      .map(([name, text]) => ({ memberId: this.#client(name).memberId, assignment: Buffer.from(text) }))
    const input = {
      ...this.#claim(client, options),
      requestId: this.#request(client),
      protocolType: 'consumer',
      protocolName: options.get('protocol') ?? null,
      assignments,
    }
    return this.#tell(this.#opened.sync(input, this.#now))
  }

  #advance(ms: number): string[] {
    const end = this.#mono + ms
    const lines: string[] = []
    while (this.#opened.wakeAt <= end) {
      this.#mono = Math.max(this.#opened.wakeAt, this.#mono)
      const told = this.#tell(this.#opened.tick(this.#now))
      lines.push(...told.map(line => `at ${this.#mono}: ${line}`))
    }
    this.#mono = end
    return lines
  }

  #crash(): string[] {
    const lost = [...this.#requests.values()].map(({ name }) => name)
    this.#requests.clear()
    if (this.#stored === null) this.#group = null
    else this.#group = ClassicGroup.restore('group', this.#stored, this.#settings, this.#now)
    return lost.length === 0 ? [] : [`never answered: ${lost.join(', ')}`]
  }

  #show(): string[] {
    const { groupState, protocolData, members } = this.#opened.describe()
    const lines = members.map(member => `  ${member.memberId} holds "${member.memberAssignment}"`)
    return [`${groupState}, generation ${this.#opened.generation} ${protocolData}`.trimEnd(), ...lines]
  }

  #set(words: string[]): string[] {
    for (const word of words) {
      const [name, value] = word.split('=') as [keyof GroupSettings, string]
      this.#settings = { ...this.#settings, [name]: Number(value) }
    }
    return []
  }

  #request(client: Client): number {
    this.#requests.set(++this.#lastRequestId, client)
    return this.#lastRequestId
  }

  #tell({ record, answers, notes }: GroupOutput): string[] {
    const lines = notes.map(note => `(${note})`)
    if (record !== null) {
      this.#stored = record
      const members = record.members.map(({ memberId, assignment }) => `${memberId}="${assignment}"`)
      lines.push(`stored: generation ${record.generation} ${members.join(' ')}`.trimEnd())
    }
    for (const answer of answers) {
      const client = this.#requests.get(answer.requestId)!
      this.#requests.delete(answer.requestId)
      lines.push(
        `${client.name}: ${answer.type === 'join' ? joined(client, answer.response) : synced(answer.response)}`,
      )
    }
    return lines
  }
}

interface Client {
  name: string
  memberId: string
  instance: string | null
  generation: number
  /** Member ids it was offered. */
  ids: number
}

type Answer<T> = Extract<GroupOutput['answers'][number], { type: T }>['response']

function joined(client: Client, response: Answer<'join'>): string {
  const { errorCode, memberId, generationId, leader, protocolName, skipAssignment, members } = response
  if (errorCode === ErrorCode.MEMBER_ID_REQUIRED) client.memberId = memberId
  if (errorCode !== ErrorCode.NONE) return `not joined, ${nameOf(errorCode)} ${memberId}`.trimEnd()
  client.memberId = memberId
  client.generation = generationId
  const others = members.length > 0 ? `, members ${members.map(member => member.memberId).join(' ')}` : ''
  const skip = skipAssignment ? ', no assignment wanted' : ''
  return `joined generation ${generationId} as ${memberId}, ${protocolName}, leader ${leader}${others}${skip}`
}

function synced({ errorCode, assignment }: Answer<'sync'>): string {
  return errorCode === ErrorCode.NONE ? `given "${assignment}"` : `not synced, ${nameOf(errorCode)}`
}

export function nameOf(code: number): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? String(code)
}

/** A consumer's metadata, version 0. */
export function subscription(topics: readonly string[]): Buffer {
  const parts = topics.map(topic => {
    const bytes = Buffer.from(topic)
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
  })
  const head = Buffer.alloc(6)
  head.writeInt32BE(topics.length, 2)
  return Buffer.concat([head, ...parts, Buffer.from([0xff, 0xff, 0xff, 0xff])])
}
