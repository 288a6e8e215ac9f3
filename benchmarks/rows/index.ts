/** All rows, in the order they are run and shown: cold starts first, then warm brokers, then large folders. */
import { fetch } from './fetch.ts'
import { group } from './group.ts'
import { memory } from './memory.ts'
import { policies } from './policies.ts'
import { batches, bulk, latency, partitions, small } from './produce.ts'
import type { Row } from './row.ts'
import { first, idleMemory, ready, recovery, reopen } from './start.ts'

export const warmRows: readonly Row[] = [small, partitions, batches, bulk, fetch, latency, memory]
export const rows: readonly Row[] = [ready, idleMemory, first, ...warmRows, reopen, recovery, group, policies]
