import type { World } from '../world.ts'
import { NodeClock } from './node-clock.ts'
import { NodeDisk } from './node-disk.ts'
import { NodeHostProcess } from './node-host-process.ts'
import { NodeHttp } from './node-http.ts'
import { NodeNetwork } from './node-network.ts'
import { NodeRandom } from './node-random.ts'

/** The real one. */
export function nodeWorld(): World {
  return {
    clock: new NodeClock(),
    random: new NodeRandom(),
    disk: new NodeDisk(),
    network: new NodeNetwork(),
    http: new NodeHttp(),
    host: new NodeHostProcess(),
  }
}
