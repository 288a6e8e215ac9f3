/** Brokers as people write them: `host:port`, `[::1]:9092`, or a host alone, which means Kafka's port. */
import type { Address } from '../base/network.ts'

const KAFKA_PORT = 9092

/** Undefined for what is no address. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/i.exec(text.trim())
  if (!match) return undefined
  const port = match[3] === undefined ? KAFKA_PORT : Number(match[3])
  return port > 0 && port < 65_536 ? { host: (match[1] ?? match[2])!, port } : undefined
}

export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
