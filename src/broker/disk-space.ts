import type { Clock, Timer } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { Logger } from '../base/logger.ts'
import type { LogDirectory } from '../storage/log-directory.ts'

/**
 * Watches how much room the log directories have, once a second, and says who may still write.
 *
 *   free space   what happens
 *   < 20 %       an alert, once (loggerhead.disk.alert.ratio)
 *   < 2 R        producers are slowed down, the more the less is left
 *   < R          producers are refused with KAFKA_STORAGE_ERROR; retention runs at once; fetch and deletion go on
 *   < R / 8      the broker's own records (offsets, metadata) are refused too: what is left belongs to checkpoints and deletion
 *
 * R is the reserve: loggerhead.disk.reserve.bytes, or loggerhead.disk.reserve.ratio of the disk where that is less. Each line is left
 * again when a tenth more than it is free. A directory whose space cannot be asked for has no lines.
 */
export interface DiskSpaceOptions {
  disk: Disk
  clock: Clock
  logger: Logger
  directories: readonly LogDirectory[]
  reserveBytes: number
  reserveRatio: number
  alertRatio: number
  /** The reserve of a directory was reached: whatever can free space should. */
  onReserve: () => void
}

export interface DirectorySpace {
  readonly root: string
  readonly availableBytes: number
  readonly totalBytes: number
  readonly reserveBytes: number
  readonly isAlerting: boolean
  /** Producers are refused. */
  readonly isRefusing: boolean
}

const POLL_MS = 1_000
const THROTTLE_FROM = 2
const OWN_SHARE = 1 / 8
const RESUME_RATIO = 1.1
const THROTTLE_MS_MAX = 1_000
/** An alert is over when so much of the disk is free again above the line. */
const ALERT_MARGIN = 0.02

type State = { -readonly [K in keyof DirectorySpace]: DirectorySpace[K] } & {
  directory: LogDirectory
  isRefusingOwn: boolean
  isUnknown: boolean
}

export class DiskSpace {
  readonly #options: DiskSpaceOptions
  readonly #states = new Map<string, State>()
  #timer: Timer | undefined
  #throttleMs = 0
  #isClosed = false

  constructor(options: DiskSpaceOptions) {
    this.#options = options
    for (const directory of options.directories) {
      this.#states.set(directory.root, {
        directory,
        root: directory.root,
        availableBytes: Number.POSITIVE_INFINITY,
        totalBytes: Number.POSITIVE_INFINITY,
        reserveBytes: 0,
        isAlerting: false,
        isRefusing: false,
        isRefusingOwn: false,
        isUnknown: false,
      })
    }
  }

  get directories(): Iterable<DirectorySpace> {
    return this.#states.values()
  }

  /** Resolves when every directory was looked at once. */
  async start(): Promise<void> {
    await this.poll()
    this.#schedule()
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  find(root: string): DirectorySpace | undefined {
    return this.#states.get(root)
  }

  /** Why producers may not write to a log directory at the moment; undefined when they may. */
  refusalOf(root: string): string | undefined {
    const state = this.#states.get(root)
    return state?.isRefusing ? refusal(state) : undefined
  }

  /** How long a producer should wait before its next request: as the fullest directory demands. */
  get throttleMs(): number {
    return this.#throttleMs
  }

  /** Looks at every directory now. */
  async poll(): Promise<void> {
    for (const state of this.#states.values()) {
      try {
        const { availableBytes, totalBytes } = await this.#options.disk.space(state.root)
        if (this.#isClosed) return
        this.#update(state, availableBytes, totalBytes)
      } catch (error) {
        if (!state.isUnknown && !this.#isClosed) this.#reportUnknown(state, error)
      }
    }
    this.#throttleMs = Math.max(0, ...Array.from(this.#states.values(), throttleMsOf))
  }

  #schedule(): void {
    if (this.#isClosed) return
    const { clock } = this.#options
    this.#timer = clock.after(POLL_MS, () => void this.poll().then(() => this.#schedule()), 'disk-space')
  }

  #update(state: State, availableBytes: number, totalBytes: number): void {
    const { reserveBytes, reserveRatio } = this.#options
    state.availableBytes = availableBytes
    state.totalBytes = totalBytes
    state.reserveBytes = Math.min(reserveBytes, Math.floor(totalBytes * reserveRatio))
    this.#updateAlert(state)
    const wasRefusing = state.isRefusing
    state.isRefusing = isBelow(availableBytes, state.reserveBytes, wasRefusing)
    state.isRefusingOwn = isBelow(availableBytes, state.reserveBytes * OWN_SHARE, state.isRefusingOwn)
    state.directory.environment.full = state.isRefusingOwn ? refusal(state) : undefined
    if (state.isRefusing && !wasRefusing) this.#reportReserve(state)
    if (!state.isRefusing && wasRefusing) {
      const fields = { event: 'disk-space-back', directory: state.root, availableBytes }
      this.#options.logger.info(fields, `producers may write to ${state.root} again`)
    }
  }

  #updateAlert(state: State): void {
    const used = state.totalBytes === 0 ? 0 : 1 - state.availableBytes / state.totalBytes
    const line = this.#options.alertRatio - (state.isAlerting ? ALERT_MARGIN : 0)
    const wasAlerting = state.isAlerting
    state.isAlerting = used >= line
    if (!state.isAlerting || wasAlerting) return
    const { root, availableBytes, totalBytes } = state
    this.#options.logger.warn(
      { event: 'disk-nearly-full', directory: root, availableBytes, totalBytes },
      `the disk of ${root} is ${Math.round(used * 100)} % full`,
    )
  }

  #reportReserve(state: State): void {
    const { root, availableBytes, reserveBytes } = state
    this.#options.logger.error(
      { event: 'disk-reserve-reached', directory: root, availableBytes, reserveBytes },
      `${refusal(state)}: producers are refused until there is room`,
    )
    this.#options.onReserve()
  }

  #reportUnknown(state: State, error: unknown): void {
    state.isUnknown = true
    this.#options.logger.warn(
      { event: 'disk-space-unknown', directory: state.root, error: String(error) },
      `cannot tell how much room ${state.root} has; producers are not held back`,
    )
  }
}

/** From nothing at the upper line to a second at the reserve. */
function throttleMsOf({ availableBytes, reserveBytes }: State): number {
  if (reserveBytes === 0) return 0
  const missing = (THROTTLE_FROM * reserveBytes - availableBytes) / ((THROTTLE_FROM - 1) * reserveBytes)
  return Math.ceil(THROTTLE_MS_MAX * Math.max(0, Math.min(1, missing)))
}

function isBelow(availableBytes: number, line: number, wasBelow: boolean): boolean {
  return availableBytes < (wasBelow ? line * RESUME_RATIO : line)
}

function refusal({ root, availableBytes, reserveBytes }: State): string {
  return `${root} has ${availableBytes} bytes left, and ${reserveBytes} are its reserve`
}
