import { expect, test } from 'vitest'
import { NodeHostProcess } from './node-host-process.ts'

test('tells what this process uses', () => {
  const usage = new NodeHostProcess().usage()
  expect(usage.nodeVersion).toBe(process.version)
  expect(Math.abs(Date.now() / 1_000 - process.uptime() - usage.startedAtSeconds)).toBeLessThan(5)
  expect(usage.residentBytes).toBeGreaterThan(10 << 20)
  expect(usage.heapUsedBytes).toBeLessThanOrEqual(usage.heapTotalBytes)
  expect(usage.userSeconds).toBeGreaterThan(0)
  expect(usage.loopActiveMs).toBeGreaterThan(0)
  expect(usage.loopDelay.maxSeconds).toBeGreaterThanOrEqual(0)
})

test.runIf(process.platform === 'linux')('tells what Linux knows of files and disks', () => {
  const usage = new NodeHostProcess().usage()
  expect(usage.openFiles).toBeGreaterThan(3)
  expect(usage.openFilesMax).toBeGreaterThan(usage.openFiles!)
  expect(usage.diskReadBytes).toBeGreaterThanOrEqual(0)
  expect(usage.diskWrittenBytes).toBeGreaterThanOrEqual(0)
})
