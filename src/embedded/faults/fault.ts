import type { Clock } from '../../base/clock.ts'
import type { AnyBody, RequestContext, Session } from '../../broker/context.ts'
import { ErrorCode, type ErrorName } from '../../protocol/errors.ts'
import type * as messages from '../../protocol/messages/index.ts'
import type { AnyApi } from '../../protocol/schema.ts'
import type { AnswerShape } from './answer-shape.ts'
import { errorDepth } from './error-depth.ts'
import { isAbout, type Part, type Refusal } from './refusal.ts'

/**
 * A fault that somebody has set: what it does, which calls it strikes, how often it has.
 */

/** The APIs of Kafka by name; those that the broker serves can have faults. */
export type ApiName = {
  [K in keyof typeof messages]: (typeof messages)[K] extends AnyApi ? K : never
}[keyof typeof messages]

export interface FaultOptions {
  /** Only what a request says of this topic. */
  topic?: string
  /** Only what it says of this partition. */
  partition?: number
  /** Only requests of clients with this id. */
  clientId?: string
  /** Lets so many calls pass that it would strike; 0 when left out. */
  skip?: number
  /** Ends by itself after so many calls; it stays until it is removed when left out. */
  times?: number
  /** `before`, when left out: the request has no effect, or has it later. `after`: it takes effect, and its answer is struck. */
  when?: 'before' | 'after'
}

export interface Fault extends Disposable {
  /** Calls that it has struck. */
  readonly hits: number
  /** Ends it; what it holds back goes on. The same as leaving the block of `using`. */
  remove(): void
}

export type Effect =
  | { readonly kind: 'error'; readonly error: ErrorName }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'disconnect' }

export class LiveFault implements Fault {
  readonly api: AnyApi
  readonly effect: Effect
  readonly when: 'before' | 'after'
  /** It is about a topic or a partition. */
  readonly isPartial: boolean
  hits = 0
  readonly #options: FaultOptions
  readonly #part: Part
  readonly #onEnd: (fault: LiveFault) => void
  readonly #held = new Set<() => void>()
  #seen = 0

  constructor(
    api: AnyApi,
    effect: Effect,
    options: FaultOptions,
    findTopicName: (topicId: string) => string | undefined,
    onEnd: (fault: LiveFault) => void,
  ) {
    const { topic, partition, when = 'before' } = options
    this.api = api
    this.effect = effect
    this.when = when
    this.isPartial = topic !== undefined || partition !== undefined
    this.#options = options
    this.#part = { topic, partition, findTopicName }
    this.#onEnd = onEnd
  }

  get isHolding(): boolean {
    return this.#held.size > 0
  }

  /** Whether it strikes this call, which is counted. The last time ends it. */
  strikes(request: AnyBody, { clientId }: RequestContext, shape: AnswerShape): boolean {
    const { clientId: wanted, skip = 0, times = Number.POSITIVE_INFINITY } = this.#options
    if (wanted !== undefined && wanted !== clientId) return false
    if (this.effect.kind === 'error' && errorDepth(shape, this.effect.error, this.#part) === undefined)
      return false
    if (!isAbout(shape, request, this.#part)) return false
    if (this.#seen++ < skip) return false
    this.hits++
    if (this.hits >= times) this.#onEnd(this)
    return true
  }

  /** Of an error that strikes: what it refuses. */
  refusal(shape: AnswerShape, error: ErrorName): Refusal {
    const depth = errorDepth(shape, error, this.#part)!
    return { shape, depth, code: ErrorCode[error], text: `${error}, by a fault`, part: this.#part }
  }

  /** Waits until the time is over, the fault is removed, or the connection goes. */
  hold(ms: number, session: Session, clock: Clock): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        timer.cancel()
        stopListening()
        this.#held.delete(end)
        resolve()
      }
      const timer = clock.after(ms, end, 'fault-delay')
      const stopListening = session.onClose(end)
      this.#held.add(end)
    })
  }

  remove(): void {
    this.#onEnd(this)
    for (const end of [...this.#held]) end()
  }

  [Symbol.dispose](): void {
    this.remove()
  }
}
