/** Streams of bytes between processes, handed in. `base/node/node-network` is the real one (TCP). */
export interface Address {
  host: string
  port: number
}

export interface Connection {
  readonly local: Address
  readonly remote: Address
  /** Queues bytes for sending. The parts must not change until `onSent` is called, which also happens when the connection ends. */
  send(parts: readonly Uint8Array[], onSent?: () => void): void
  /** Bytes queued but not yet taken by the operating system. */
  readonly pendingBytes: number
  /** A number that changes whenever the peer takes bytes, also in the middle of a large answer. */
  readonly sendProgress: number
  /** Stops and restarts the delivery of `data`; the peer is pushed back by TCP. */
  pause(): void
  resume(): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes at once; what is queued is dropped. */
  destroy(): void
}

/** What its owner does with a connection. Each callback runs on the event loop; none may throw. */
export interface ConnectionEvents {
  /** The bytes are there only during the call: the next read, of whichever connection, may use the same memory. */
  data(bytes: Buffer): void
  /** The queue of `send` has drained. */
  drain(): void
  close(): void
}

export interface Listener {
  readonly address: Address
  /** Stops accepting; open connections stay. */
  close(): Promise<void>
}

export interface Network {
  /**
   * An empty host is every address of the machine, IPv6 too where there is one. `failed` hears of connections that could not be
   * accepted (no descriptors left); accepting goes on.
   */
  listen(
    address: Address,
    accept: (connection: Connection) => ConnectionEvents,
    failed?: (error: Error) => void,
  ): Promise<Listener>
  /**
   * Dials. `begin` is told of the connection before any of its bytes. Rejects with the system's error (ECONNREFUSED, ENOTFOUND …) when
   * nobody answers there, and with the signal's reason when that comes first.
   */
  connect(
    address: Address,
    begin: (connection: Connection) => ConnectionEvents,
    signal?: AbortSignal,
  ): Promise<Connection>
}
