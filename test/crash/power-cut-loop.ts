/**
 * Power cuts under a loaded broker, again and again on the same folder. The negative control is the same loop with
 * acknowledgements that do not wait for the disk: it must lose data, or the cut would prove nothing.
 */
import { type BrokerKind, type BrokerProcess, createBroker } from '../../compat-tests/support/broker.ts'
import { sleep } from '../../compat-tests/support/process.ts'
import type { Draw } from './draw.ts'
import type { Report } from './report.ts'
import { Volume } from './volume.ts'
import { Workload } from './workload.ts'

const volumeMegabytes = 2_048

export async function powerCutLoop(
  kind: BrokerKind,
  rounds: number,
  draw: Draw,
  report: Report,
): Promise<void> {
  const volume = await Volume.create(volumeMegabytes)
  const broker = await createBroker(kind, { folder: `${volume.mountPoint}/broker` })
  // What is ours, such as a settings file, is not to be lost; what the broker writes may be.
  await volume.sync()
  let workload: Workload | undefined
  try {
    await broker.start()
    workload = await Workload.start(broker)
    for (let round = 1; round <= rounds; round++) {
      await workload.progress()
      await sleep(draw(1_000))
      const problems = await cutAndCheck(volume, broker, workload)
      report.judge(`power cut ${round}/${rounds}: ${workload.acknowledged} records acknowledged`, problems)
      if (problems.length > 0) return
    }
    await workload.progress()
    report.judge('power cut: every log read from its start', await workload.finish())
  } finally {
    await workload?.abandon()
    await broker.remove()
    await volume.remove()
  }
}

/** Cuts the power first and kills afterwards: the broker must not acknowledge anything in between. */
async function cutAndCheck(volume: Volume, broker: BrokerProcess, workload: Workload): Promise<string[]> {
  await volume.cutPower()
  await broker.kill()
  workload.demand()
  await volume.restorePower()
  await broker.start()
  return workload.check()
}

/** Each round on a folder of its own. Passes a round that lost something that was acknowledged. */
export async function negativeControl(
  kind: BrokerKind,
  rounds: number,
  draw: Draw,
  report: Report,
): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    const what = `negative control ${round}/${rounds}: unsynced acknowledgements are lost by a power cut`
    const losses = await lossesUnsynced(kind, draw)
    if (losses.length > 0) report.pass(`${what} (${losses[0]})`)
    else report.fail(what, ['nothing was lost, so the cut proves nothing'])
  }
}

/** Kafka acknowledges from the page cache as it comes; Loggerhead has to be told twice. */
const unsynced = { 'log.flush.interval.messages': '9223372036854775807', 'loggerhead.unsynced.acks': 'true' }

async function lossesUnsynced(kind: BrokerKind, draw: Draw): Promise<string[]> {
  const volume = await Volume.create(volumeMegabytes)
  const settings = kind === 'loggerhead' ? unsynced : {}
  const broker = await createBroker(kind, { folder: `${volume.mountPoint}/broker`, settings })
  let workload: Workload | undefined
  try {
    await broker.start()
    workload = await Workload.start(broker)
    // What came before the load is safe, so that the broker can start again and be asked.
    await workload.progress()
    await volume.sync()
    await workload.progress()
    await sleep(500 + draw(500))
    const problems = await cutAndCheck(volume, broker, workload)
    return problems.filter(problem => problem.includes('lost'))
  } finally {
    await workload?.abandon()
    await broker.remove()
    await volume.remove()
  }
}
