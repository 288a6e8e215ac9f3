/** A broker that cannot be reached, or that has gone in the middle of a conversation. */
import type { Address } from '../base/network.ts'
import { formatAddress } from './address.ts'

export class ConnectionError extends Error {
  override name = 'ConnectionError'
  readonly address: Address
  /** The system's code (ECONNREFUSED, ENOTFOUND …) where it has one. */
  readonly code: string | undefined
  /** True when the broker answered before: then it may only be starting again, and is asked once more. */
  readonly isTemporary: boolean

  constructor(address: Address, reason: string, options: { code?: string; isTemporary?: boolean } = {}) {
    super(`${formatAddress(address)}: ${reason}`)
    this.address = address
    this.code = options.code
    this.isTemporary = options.isTemporary ?? false
  }
}
