import type { Answering, AnyBody, BrokerContext, Call, Interceptor, Session } from '../../broker/context.ts'
import type { Handler } from '../../broker/handler.ts'
import { ErrorCode, type ErrorName } from '../../protocol/errors.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import type { AnyApi } from '../../protocol/schema.ts'
import { type AnswerShape, answerShape } from './answer-shape.ts'
import { depthOf } from './error-depth.ts'
import { type ApiName, type Effect, type Fault, type FaultOptions, LiveFault } from './fault.ts'
import { BEGIN_ANEW, withoutSession, withoutWait } from './fetch-sessions.ts'
import { isNamed, putIn, type Refusal, takeOut, writeOver } from './refusal.ts'

/**
 * Stands between decoded requests and their handlers while a fault is set, and only then.
 *
 * A call goes through: delays before it, a connection dropped before it, errors in its place; then it is served; errors over its answer,
 * delays of its answer, a connection dropped behind it. Within a connection requests begin in the order in which they came, also behind
 * one that is delayed: producers rely on it.
 */
export interface Faults {
  /** Answers with an error: for all that a request names where the API answers one by one, else for the whole. */
  error(api: ApiName, error: ErrorName, options?: FaultOptions): Fault
  /** Serves later, or with `when: 'after'` answers later. */
  delay(api: ApiName, ms: number, options?: FaultOptions): Fault
  /** Drops the connection instead of answering. */
  disconnect(api: ApiName, options?: FaultOptions): Fault
  /** Removes all faults. */
  clear(): void
}

class DroppedConnection extends Error {
  override name = 'DroppedConnection'
}

export class FaultInjector implements Faults, Interceptor {
  readonly #broker: BrokerContext
  readonly #apis: ReadonlyMap<string, AnyApi>
  readonly #shapes = new Map<AnyApi, AnswerShape[]>()
  #faults: readonly LiveFault[] = []
  /** Of connections with a delayed request: settles when the last request that has come may begin. */
  readonly #turns = new Map<Session, Promise<void>>()
  /** Faults that hold something back, also when they strike no more. */
  readonly #holding = new Set<LiveFault>()

  constructor(broker: BrokerContext, handlers: readonly Handler[]) {
    this.#broker = broker
    this.#apis = new Map(handlers.map(({ api }) => [api.name, api]))
  }

  error(api: ApiName, error: ErrorName, options: FaultOptions = {}): Fault {
    if (!Object.hasOwn(ErrorCode, error)) throw new TypeError(`Kafka has no error ${error}`)
    return this.#add(api, { kind: 'error', error }, options)
  }

  delay(api: ApiName, ms: number, options: FaultOptions = {}): Fault {
    return this.#add(api, { kind: 'delay', ms }, options)
  }

  disconnect(api: ApiName, options: FaultOptions = {}): Fault {
    return this.#add(api, { kind: 'disconnect' }, options)
  }

  clear(): void {
    for (const fault of [...this.#faults, ...this.#holding]) fault.remove()
  }

  serve(call: Call): Answering {
    const { api, context } = call
    const shape = this.#shapeOf(api, context.version)
    const request =
      api.key === Fetch.key && this.#mustSeePartitions() ? withoutSession(call.request) : call.request
    if (request === null) return BEGIN_ANEW
    const struck = this.#faults.filter(fault => fault.api === api && fault.strikes(request, context, shape))
    if (struck.length === 0 && !this.#turns.has(context.session)) return call.handle(request)
    return this.#serveStruck({ ...call, request }, struck, shape)
  }

  #add(name: ApiName, effect: Effect, options: FaultOptions): Fault {
    const api = this.#apis.get(name)
    if (!api) throw new TypeError(`${name} is not served, so it can have no faults`)
    const shape = this.#shapeOf(api, api.versions[1])
    for (const subject of ['topic', 'partition'] as const) {
      if (options[subject] === undefined || depthOf(shape, subject) !== undefined) continue
      throw new TypeError(`${name} is not answered ${subject} by ${subject}: leave ${subject} out`)
    }
    const findTopicName = (topicId: string) => this.#broker.cluster.metadata.findTopicById(topicId)?.name
    const fault = new LiveFault(api, effect, options, findTopicName, ended => {
      this.#faults = this.#faults.filter(other => other !== ended)
      this.#install()
    })
    this.#faults = [...this.#faults, fault]
    this.#install()
    return fault
  }

  #install(): void {
    const isNeeded = this.#faults.length > 0 || this.#turns.size > 0
    this.#broker.interceptor = isNeeded ? this : undefined
  }

  #mustSeePartitions(): boolean {
    return this.#faults.some(
      ({ api, effect, isPartial }) => api === Fetch && (effect.kind === 'error' || isPartial),
    )
  }

  #shapeOf(api: AnyApi, version: number): AnswerShape {
    const shapes = this.#shapes.get(api) ?? []
    this.#shapes.set(api, shapes)
    shapes[version] ??= answerShape(api, version)
    return shapes[version]
  }

  async #serveStruck(call: Call, struck: readonly LiveFault[], shape: AnswerShape): Promise<AnyBody | null> {
    const { session, holder } = call.context
    const before = struck.filter(fault => fault.when === 'before')
    const after = struck.filter(fault => fault.when === 'after')
    const answering = await this.#begin(call, before, shape)
    const answer = await answering.answer
    const told = answer && errorsOf(after, shape).reduce((body, refusal) => writeOver(refusal, body), answer)
    await this.#holdBack(after, session)
    if (!after.some(drops) && !session.isClosed) return told
    for (const lease of holder.held ?? []) lease.release()
    holder.held = null
    throw new DroppedConnection(`a fault drops the connection after ${call.api.name}`)
  }

  /** Begins the call in its turn. The answer is wrapped, since the next request of the connection need not wait for it. */
  async #begin(call: Call, faults: readonly LiveFault[], shape: AnswerShape): Promise<{ answer: Answering }> {
    const { session } = call.context
    const earlier = this.#turns.get(session)
    if (!earlier && !faults.some(({ effect }) => effect.kind === 'delay')) {
      return { answer: answerOf(call, faults, shape) }
    }
    let begin = () => {}
    const turn = new Promise<void>(resolve => {
      begin = resolve
    })
    this.#turns.set(session, turn)
    this.#install()
    try {
      await earlier
      await this.#holdBack(faults, session)
      // The bytes of the request are not ours any more.
      if (session.isClosed) throw new DroppedConnection('the client has gone while its request was delayed')
      return { answer: answerOf(call, faults, shape) }
    } finally {
      begin()
      if (this.#turns.get(session) === turn) this.#turns.delete(session)
      this.#install()
    }
  }

  async #holdBack(faults: readonly LiveFault[], session: Session): Promise<void> {
    for (const fault of faults) {
      if (fault.effect.kind !== 'delay') continue
      this.#holding.add(fault)
      await fault.hold(fault.effect.ms, session, this.#broker.clock)
      if (!fault.isHolding) this.#holding.delete(fault)
    }
  }
}

function drops({ effect }: LiveFault): boolean {
  return effect.kind === 'disconnect'
}

function errorsOf(faults: readonly LiveFault[], shape: AnswerShape): Refusal[] {
  return faults.flatMap(fault =>
    fault.effect.kind === 'error' ? [fault.refusal(shape, fault.effect.error)] : [],
  )
}

/** Serves what the faults before the call leave of it, in this turn of the event loop. */
function answerOf(call: Call, faults: readonly LiveFault[], shape: AnswerShape): Answering {
  const { api, request } = call
  if (faults.some(drops)) throw new DroppedConnection(`a fault drops the connection before ${api.name}`)
  const written: Refusal[] = []
  const refused: AnyBody[] = []
  let rest: AnyBody | null = request
  for (const refusal of errorsOf(faults, shape)) {
    if (rest === null) break
    if (!isNamed(refusal, rest)) {
      written.push(refusal)
      continue
    }
    const parts = takeOut(refusal, rest)
    refused.push(parts.answer)
    rest = parts.rest
  }
  if (rest === null)
    return isAnswered(call) ? refused.reduce((answer, part) => putIn(shape, part, answer)) : null
  if (refused.length > 0 && api === Fetch) rest = withoutWait(rest)
  const served = call.handle(rest)
  const complete = (answer: AnyBody | null) => {
    if (answer === null) return null
    const whole = refused.reduce((body, part) => putIn(shape, body, part), answer)
    return written.reduce((body, refusal) => writeOver(refusal, body), whole)
  }
  return served instanceof Promise ? served.then(complete) : complete(served)
}

/** Producers may ask for no answer; then an error is silence. */
function isAnswered({ api, request }: Call): boolean {
  return api !== Produce || request.acks !== 0
}
