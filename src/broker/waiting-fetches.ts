import type { Clock } from '../base/clock.ts'
import type { Partition } from '../cluster/partition.ts'
import type { Session } from './context.ts'

/**
 * Waits until one of the partitions moves on, the time is over, or the client is gone. Woken by appends, not by polling; several appends in one
 * turn of the event loop wake once.
 *
 * Each partition comes with the high watermark that its reader saw: what was appended since then has not to wake anybody any more.
 */
export function waitForAppend(
  partitions: ReadonlyMap<Partition, number>,
  waitMs: number,
  session: Session,
  clock: Clock,
): Promise<'moved' | 'timeout' | 'closed'> {
  if (session.isClosed) return Promise.resolve('closed')
  for (const [partition, seen] of partitions) {
    if (partition.highWatermark > seen) return Promise.resolve('moved')
  }
  return new Promise(resolve => {
    const watched = [...partitions.keys()]
    let isOver = false
    const end = (why: 'moved' | 'timeout' | 'closed') => {
      if (isOver) return
      isOver = true
      timer.cancel()
      stopListening()
      for (const partition of watched) partition.unwatch(wake)
      if (why === 'moved') clock.soon(() => resolve(why))
      else resolve(why)
    }
    const wake = () => end('moved')
    const timer = clock.after(waitMs, () => end('timeout'), 'fetch-wait')
    const stopListening = session.onClose(() => end('closed'))
    for (const partition of watched) partition.watch(wake)
  })
}
