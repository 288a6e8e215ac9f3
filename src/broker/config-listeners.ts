/**
 * Where the broker listens and what clients are told, from `listeners`, `advertised.listeners`,
 * `listener.security.protocol.map`, `controller.listener.names` and `inter.broker.listener.name`.
 *
 * Only PLAINTEXT is served: a listener of another protocol stops the start, it is never opened without its
 * protection. Listeners for controllers are left out, because a single node has no peer that would call.
 */
export interface ListenerConfig {
  name: string
  /** As written: empty is every address. */
  host: string
  /** The addresses to bind: `localhost` is both loopbacks, of which one may be missing on a machine. */
  bindHosts: readonly string[]
  /** 0: any free port, the same for all of `bindHosts`. */
  port: number
  /**
   * What clients are told. Null: the address and port at which the client's connection arrived. Port 0 is the port
   * that was bound.
   */
  advertised: { host: string; port: number } | null
}

/** The texts of the settings, as far as they are set. */
export interface ListenerTexts {
  listeners: readonly string[]
  advertised: readonly string[] | null
  protocolMap: string
  controllerNames: readonly string[]
  interBrokerName: string | null
}

export interface ParsedListeners {
  listeners: readonly ListenerConfig[]
  /** Lines for the log. */
  notices: readonly string[]
}

/** `problem` follows the name of the setting. */
export class ListenerError extends Error {
  override name = 'ListenerError'
  readonly setting: string
  constructor(setting: string, problem: string) {
    super(problem)
    this.setting = setting
  }
}

interface Endpoint {
  name: string
  host: string
  port: number
  text: string
}

const servedProtocols = ['PLAINTEXT']
const knownProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']

export function parseListeners(texts: ListenerTexts): ParsedListeners {
  const protocols = parseProtocolMap(texts.protocolMap)
  const forControllers = new Set(texts.controllerNames.map(name => name.toUpperCase()))
  const all = texts.listeners.map(text => parseEndpoint('listeners', text))
  requireDistinct(all)
  const served = all.filter(({ name }) => !forControllers.has(name))
  if (served.length === 0)
    throw new ListenerError('listeners', 'names no listener for clients, such as PLAINTEXT://localhost:9092')
  for (const endpoint of served) requireServed(endpoint, protocols)
  const advertised = parseAdvertised(texts.advertised, all)
  const interBroker = texts.interBrokerName?.toUpperCase()
  if (interBroker && !served.some(({ name }) => name === interBroker)) {
    throw new ListenerError(
      'inter.broker.listener.name',
      `must be one of ${served.map(({ name }) => name).join(', ')}`,
    )
  }
  const listeners = served.map(({ name, host, port }) => ({
    name,
    host,
    port,
    bindHosts: bindHosts(host),
    advertised: advertised.get(name) ?? (isNamedHost(host) ? { host, port } : null),
  }))
  const skipped = all.filter(({ name }) => forControllers.has(name))
  return { listeners, notices: [...skipped.map(skippedNotice), ...served.filter(isOpen).map(openNotice)] }
}

/** True where only this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function parseEndpoint(setting: string, text: string): Endpoint {
  const [, name = '', bracketed, plain = '', digits = ''] =
    /^([\w.-]+):\/\/(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([\w.-]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (name === '' || port > 65535) {
    throw new ListenerError(
      setting,
      `has ${text}: must be NAME://HOST:PORT, such as PLAINTEXT://localhost:9092`,
    )
  }
  return { name: name.toUpperCase(), host: bracketed ?? plain, port, text }
}

function parseProtocolMap(text: string): Map<string, string> {
  const pairs = text
    .split(',')
    .map(pair => pair.trim())
    .filter(pair => pair !== '')
  return new Map(
    pairs.map(pair => {
      const [name = '', protocol = ''] = pair.split(':').map(part => part.trim().toUpperCase())
      if (name !== '' && knownProtocols.includes(protocol)) return [name, protocol]
      const allowed = `NAME:PROTOCOL with a protocol of ${knownProtocols.join(', ')}`
      throw new ListenerError('listener.security.protocol.map', `has ${pair}: must be ${allowed}`)
    }),
  )
}

function requireDistinct(endpoints: readonly Endpoint[]): void {
  const names = new Set<string>()
  const places = new Set<string>()
  for (const { name, host, port } of endpoints) {
    if (names.has(name))
      throw new ListenerError('listeners', `has two listeners with the name ${name}: must differ`)
    if (port !== 0 && places.has(`${host} ${port}`)) {
      throw new ListenerError('listeners', `has port ${port} twice for the same host: must differ`)
    }
    names.add(name)
    places.add(`${host} ${port}`)
  }
}

function requireServed({ name, text }: Endpoint, protocols: Map<string, string>): void {
  const protocol = protocols.get(name)
  if (protocol === undefined) {
    const hint = `add ${name}:PLAINTEXT to listener.security.protocol.map`
    throw new ListenerError('listeners', `has ${text}, a name without a protocol: ${hint}`)
  }
  if (!servedProtocols.includes(protocol)) {
    const hint = 'use PLAINTEXT, or take the listener out'
    throw new ListenerError('listeners', `has ${text}, but ${protocol} is not served yet: ${hint}`)
  }
}

function parseAdvertised(texts: readonly string[] | null, listeners: readonly Endpoint[]) {
  const advertised = new Map<string, { host: string; port: number }>()
  for (const text of texts ?? []) {
    const { name, host, port } = parseEndpoint('advertised.listeners', text)
    const problem = advertisedProblem(
      host,
      listeners.some(listener => listener.name === name),
    )
    if (problem) throw new ListenerError('advertised.listeners', `has ${text}: ${problem}`)
    advertised.set(name, { host, port })
  }
  return advertised
}

function advertisedProblem(host: string, isListener: boolean): string | undefined {
  if (!isListener) return 'listeners has no listener of that name'
  if (host === '') return 'needs the host that clients shall connect to'
  if (host === '0.0.0.0' || host === '::')
    return 'clients cannot connect to that address; name one they can reach'
  return undefined
}

/** The addresses that a host stands for when listening. */
export function bindHosts(host: string): readonly string[] {
  // Which address that is the system knows: :: is none where there is no IPv6.
  if (host === '') return ['']
  return host === 'localhost' ? ['127.0.0.1', '::1'] : [host]
}

/** A host name that somebody chose is what clients shall use; an address is known from the connection anyway. */
function isNamedHost(host: string): boolean {
  return host !== '' && host !== 'localhost' && !host.includes(':') && !/^[\d.]+$/.test(host)
}

function isOpen({ host }: Endpoint): boolean {
  return !isLoopback(host)
}

function openNotice({ text }: Endpoint): string {
  return `${text} is open to everyone who can reach it: there is no login`
}

function skippedNotice({ text }: Endpoint): string {
  return `${text} is for controllers and is not opened: this node is its own controller`
}
