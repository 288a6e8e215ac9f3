/**
 * A disk that fails under a loaded broker. After a failed sync nobody knows what is on the disk, so a broker with one
 * log directory must end by itself, acknowledge nothing more, and come back whole when the disk works again.
 */
import { type BrokerKind, type BrokerProcess, createBroker } from '../../compat-tests/support/broker.ts'
import { launch, run, until } from '../../compat-tests/support/process.ts'
import type { Report } from './report.ts'
import { Volume } from './volume.ts'
import { Workload } from './workload.ts'

/** Real failures: the storage below the file system is full, so syncs fail with EIO and the file system gives up. */
export async function fullStorage(kind: BrokerKind, report: Report): Promise<void> {
  const volume = await Volume.create(1_024, 160)
  try {
    const broker = await createBroker(kind, { folder: `${volume.mountPoint}/broker` })
    await volume.sync()
    await failAndHeal(broker, 'storage full below the file system', report, {
      begin: async () => {},
      heal: () => volume.makeRoom(1_100),
    })
  } finally {
    await volume.remove()
  }
}

/**
 * Failures by strace, which leave in the page cache what never reached the disk: a broker that trusted it after its
 * restart would serve bytes that the next power cut takes. Each thread fails from its tenth call on.
 */
const injections = {
  'sync fails': 'fdatasync,fsync:error=EIO',
  'write fails': 'pwrite64,pwritev:error=EIO',
  'no space left': 'pwrite64,pwritev:error=ENOSPC',
} as const

export async function injectedFailures(kind: BrokerKind, report: Report): Promise<void> {
  const probe = await run('strace', ['-qq', '-o', '/dev/null', 'true']).catch(() => undefined)
  if (probe?.code !== 0) return report.skip('injected disk failures', 'strace is missing or may not trace')
  for (const [what, injection] of Object.entries(injections)) {
    const calls = injection.slice(0, injection.indexOf(':'))
    const broker = await createBroker(kind)
    await failAndHeal(broker, `${what} (${injection})`, report, {
      begin: async () => {
        const filter = ['-e', `trace=${calls}`, '-e', `inject=${injection}:when=10+`]
        launch('strace', ['-f', '-qq', '-o', '/dev/null', ...filter, '-p', `${broker.pid}`], broker.logFile)
      },
      heal: async () => {},
    })
  }
}

interface Failure {
  begin(): Promise<void>
  heal(): Promise<void>
}

async function failAndHeal(
  broker: BrokerProcess,
  what: string,
  report: Report,
  { begin, heal }: Failure,
): Promise<void> {
  let workload: Workload | undefined
  try {
    await broker.start()
    workload = await Workload.start(broker)
    await workload.progress()
    await begin()
    await until('the broker to end by itself', () => !broker.isRunning, 60_000)
    workload.demand()
    await heal()
    await broker.start()
    const problems = await workload.check()
    if (problems.length === 0) {
      await workload.progress()
      problems.push(...(await workload.finish()))
    }
    report.judge(`${what}: ended by itself, came back with ${workload.acknowledged} records`, problems)
  } catch (error) {
    report.fail(what, [String(error)])
  } finally {
    await workload?.abandon()
    await broker.remove()
  }
}
