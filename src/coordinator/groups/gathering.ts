import { type GroupSettings, STRAGGLER_WAIT_MS_MAX } from './group-settings.ts'

/**
 * How long a group's first generation waits for more members, so that a fleet that starts at once is not rebalanced member by
 * member. `group.initial.rebalance.delay.ms` is waited again for as long as someone came meanwhile, but no longer than the
 * rebalance timeout in all (KIP-134). With a delay of 0, stragglers may be waited for instead: a moment after each arrival.
 */
export class Gathering {
  deadline: number
  readonly #delayMs: number
  readonly #stragglerDelayMs: number
  readonly #startedAt: number
  #sliceMs: number
  #remainingMs: number
  #grew = false

  constructor(settings: GroupSettings, rebalanceTimeoutMs: number, now: number) {
    this.#delayMs = settings.groupInitialRebalanceDelayMs
    this.#stragglerDelayMs = this.#delayMs > 0 ? 0 : settings.groupStragglerDelayMs
    this.#startedAt = now
    this.#sliceMs = this.#delayMs
    this.#remainingMs = Math.max(rebalanceTimeoutMs - this.#delayMs, 0)
    this.deadline = now + this.#delayMs
    this.#waitForStragglers(now)
  }

  memberCame(now: number): void {
    this.#grew = true
    this.#waitForStragglers(now)
  }

  /** Somebody was given a member id, and is about to join with it. */
  idWasGiven(now: number): void {
    this.#waitForStragglers(now)
  }

  /** At the deadline: true if the generation starts, else the deadline has moved. */
  isOver(now: number, pendingMembers: number): boolean {
    if (this.#grew && this.#delayMs > 0 && this.#remainingMs > 0) {
      this.#grew = false
      const slice = Math.min(this.#delayMs, this.#remainingMs)
      this.#remainingMs = Math.max(this.#remainingMs - this.#sliceMs, 0)
      this.#sliceMs = slice
      this.deadline = now + slice
      return false
    }
    if (pendingMembers > 0) this.#waitForStragglers(now)
    return this.deadline <= now
  }

  #waitForStragglers(now: number): void {
    if (this.#stragglerDelayMs === 0) return
    this.deadline = Math.min(now + this.#stragglerDelayMs, this.#startedAt + STRAGGLER_WAIT_MS_MAX)
  }
}
