/** kill -9 of a loaded broker, again and again on the same folder: nothing acknowledged may be lost, repeated or out
 * of order, and groups go on from their committed offsets. */
import { type BrokerKind, createBroker } from '../../compat-tests/support/broker.ts'
import { sleep } from '../../compat-tests/support/process.ts'
import type { Draw } from './draw.ts'
import type { Report } from './report.ts'
import { Workload } from './workload.ts'

export async function killLoop(kind: BrokerKind, rounds: number, draw: Draw, report: Report): Promise<void> {
  const broker = await createBroker(kind)
  let workload: Workload | undefined
  try {
    await broker.start()
    workload = await Workload.start(broker)
    for (let round = 1; round <= rounds; round++) {
      await workload.progress()
      await sleep(draw(500))
      await broker.kill()
      workload.demand()
      const began = performance.now()
      await broker.start()
      const startMs = Math.round(performance.now() - began)
      const problems = await workload.check()
      const { acknowledged, commits } = workload
      report.judge(
        `kill -9 ${round}/${rounds}: ${acknowledged} records acknowledged, ${commits} commits, back in ${startMs} ms`,
        problems,
      )
      if (problems.length > 0) return
    }
    await workload.progress()
    report.judge('kill -9: every log read from its start', await workload.finish())
  } finally {
    await workload?.abandon()
    await broker.remove()
  }
}
