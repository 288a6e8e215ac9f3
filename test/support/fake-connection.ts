import { EventEmitter, once } from 'node:events'
import type { Address, Connection } from '../../src/base/network.ts'

/** A connection whose other end is the test: it sees what is sent, and decides what is taken. */
export class FakeConnection implements Connection {
  readonly local: Address = { host: '127.0.0.1', port: 9092 }
  readonly remote: Address
  readonly #changes = new EventEmitter()
  readonly sent: Buffer[] = []
  isPaused = false
  isEnded = false
  isDestroyed = false
  /** While false nothing that is sent leaves. */
  takes = true
  pendingBytes = 0
  sendProgress = 0
  #onSent: (() => void)[] = []

  constructor(host = '127.0.0.1') {
    this.remote = { host, port: 50_000 }
  }

  send(parts: readonly Uint8Array[], onSent?: () => void): void {
    for (const part of parts) this.pendingBytes += part.length
    this.sent.push(Buffer.concat(parts))
    if (onSent) this.#onSent.push(onSent)
    if (this.takes) this.take()
    this.#changes.emit('sent')
  }

  /** The peer takes everything, or so many bytes. */
  take(bytes = this.pendingBytes): void {
    this.pendingBytes -= bytes
    this.sendProgress += bytes
    if (this.pendingBytes > 0) return
    for (const done of this.#onSent.splice(0)) done()
  }

  /** Resolves when so many answers have been sent in all; answers are frames. */
  async answers(count: number): Promise<Buffer[]> {
    while (framesOf(Buffer.concat(this.sent)).length < count) await once(this.#changes, 'sent')
    return framesOf(Buffer.concat(this.sent))
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {
    this.isEnded = true
  }

  destroy(): void {
    this.isDestroyed = true
  }
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at)
    frames.push(bytes.subarray(at + 4, end))
    at = end
  }
  return frames
}
