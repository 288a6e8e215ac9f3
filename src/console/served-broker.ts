import type { Address } from '../base/network.ts'
import { type Broker, type StartOptions, startBroker } from '../broker/broker.ts'
import { type HttpServer, openHttpServer } from './http-server.ts'
import type { HealthReport, Sources } from './routes.ts'

/**
 * A broker with its HTTP side. That one opens first, as soon as the data folders are ours, and closes last: who asks for health is answered
 * while a long recovery goes on and while the broker stops.
 */
export interface ServedBroker {
  readonly broker: Broker
  /** Where health and metrics are; empty when they are not served. */
  readonly http: readonly Address[]
  close(): Promise<void>
}

export async function startServedBroker(options: StartOptions): Promise<ServedBroker> {
  const phase = new Phase()
  let server: HttpServer | undefined
  const onLocked = async () => {
    server = await openHttpServer(options, phase)
  }
  try {
    const broker = await startBroker({ ...options, onLocked })
    phase.begin(broker)
    return {
      broker,
      http: server?.addresses ?? [],
      async close() {
        phase.isStopping = true
        await broker.close().finally(() => server?.close())
      },
    }
  } catch (error) {
    await server?.close()
    throw error
  }
}

/** How far the broker has come, for those who ask over HTTP. */
class Phase implements Sources {
  #broker: Broker | undefined
  #hasFailed = false
  isStopping = false

  begin(broker: Broker): void {
    this.#broker = broker
    void broker.failed.then(() => {
      this.#hasFailed = true
    })
  }

  health(): HealthReport {
    const checks = this.#broker?.health() ?? []
    const isRunning = this.#broker !== undefined && !this.#hasFailed && !this.isStopping
    const isReady = isRunning && checks.every(({ ok }) => ok)
    return { status: this.#status(isReady), isLive: !this.#hasFailed, isReady, checks }
  }

  metrics(): Promise<string> | undefined {
    return this.#broker?.metrics()
  }

  #status(isReady: boolean): string {
    if (this.#hasFailed) return 'failed'
    if (this.isStopping) return 'stopping'
    if (this.#broker === undefined) return 'starting'
    return isReady ? 'ready' : 'not ready'
  }
}
