import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'
import type { HostProcess } from './host-process.ts'
import type { Http } from './http.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'

/** The world outside a core: everything that a simulation replaces. */
export interface World {
  clock: Clock
  random: Random
  disk: Disk
  network: Network
  http: Http
  host: HostProcess
}
