/** What the numbers were taken on, and the two things a measurement asks of the operating system. */
import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { kafkaVersion } from '../compat-tests/support/kafka-jars.ts'
import { run, runOrThrow } from '../compat-tests/support/process.ts'
import { node } from './install.ts'
import { load } from './load.ts'

export async function machineFacts(folder: string): Promise<string[]> {
  const filesystem = await runOrThrow('df', ['--output=fstype,source', folder])
  const java = await run('java', ['-version'])
  const nodeVersion = await runOrThrow(node, ['--version'])
  const busy = (await readFile('/proc/loadavg', 'utf8')).split(' ', 1)[0]
  return [
    `${availableParallelism()} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    `data on ${filesystem.trim().split('\n').at(-1)!.trim().replace(/\s+/, ', ')}`,
    `Node ${nodeVersion.trim().slice(1)}; Apache Kafka ${kafkaVersion} on ${java.stderr.split('\n', 1)[0]!.trim()}`,
    `load average before the run: ${busy}`,
  ]
}

/** Everybody's dirty pages go to the disk, so that none of them is written at the next one's cost. */
export async function settleDisk(folder: string): Promise<void> {
  await runOrThrow('sync', ['-f', folder], { timeoutMs: 600_000 })
}

/** Whether the page cache could be dropped: that takes root. */
export async function dropCaches(folder: string): Promise<boolean> {
  await settleDisk(folder)
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3')
    return true
  } catch {
    return false
  }
}

export async function fdatasyncP50(folder: string): Promise<string> {
  const { p50Ms } = await load('syncs', undefined, { folder })
  return `fdatasync p50 ${p50Ms.toFixed(2)} ms`
}
