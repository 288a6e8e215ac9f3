/**
 * The meters of clients, by account. There are as many as clients like to call themselves, so the one unused for longest gives way; it
 * begins anew when it comes back.
 */
export const TRACKED_CLIENTS_MAX = 10_000

export class QuotaAccounts<Meter> {
  readonly #newMeter: () => Meter
  /** In order of last use. */
  readonly #meters = new Map<string, Meter>()

  constructor(newMeter: () => Meter) {
    this.#newMeter = newMeter
  }

  get count(): number {
    return this.#meters.size
  }

  clear(): void {
    this.#meters.clear()
  }

  of(account: string): Meter {
    const known = this.#meters.get(account)
    if (known !== undefined) {
      this.#meters.delete(account)
      this.#meters.set(account, known)
      return known
    }
    if (this.#meters.size >= TRACKED_CLIENTS_MAX) {
      for (const oldest of this.#meters.keys()) {
        this.#meters.delete(oldest)
        break
      }
    }
    const meter = this.#newMeter()
    this.#meters.set(account, meter)
    return meter
  }
}
