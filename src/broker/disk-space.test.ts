import { expect, test } from 'vitest'
import { type OneLog, openOneLog, ROOT } from '../../test/support/one-log.ts'
import type { DiskSpace as Space } from '../base/disk.ts'
import { type LogFields, silentLogger } from '../base/logger.ts'
import { DiskSpace, type DiskSpaceOptions } from './disk-space.ts'

const GIB = 2 ** 30

interface Watched {
  one: OneLog
  space: DiskSpace
  events: string[]
  calls: string[]
  /** Sets the free space, and lets the watch look at it. */
  free(bytes: number): Promise<void>
}

async function watch(more: Partial<DiskSpaceOptions> = {}, totalBytes = 100 * GIB): Promise<Watched> {
  const one = await openOneLog()
  let answer: Space = { availableBytes: totalBytes, totalBytes }
  const events: string[] = []
  const calls: string[] = []
  const note = (fields: LogFields) => void events.push(fields.event)
  const disk = Object.assign(Object.create(one.disk), { space: async () => answer })
  const space = new DiskSpace({
    disk,
    clock: one.clock,
    logger: { ...silentLogger, info: note, warn: note, error: note },
    directories: [one.directory],
    reserveBytes: GIB,
    reserveRatio: 0.05,
    alertRatio: 0.8,
    onReserve: () => void calls.push('reserve'),
    ...more,
  })
  const free = async (availableBytes: number) => {
    answer = { availableBytes, totalBytes }
    await space.poll()
  }
  return { one, space, events, calls, free }
}

test('producers are refused below the reserve, and taken again when a tenth more is free', async () => {
  const { space, free } = await watch()
  await free(GIB)
  expect(space.refusalOf(ROOT)).toBeUndefined()
  await free(GIB - 1)
  expect(space.refusalOf(ROOT)).toMatch(/1073741823 bytes left, and 1073741824/)
  await free(1.1 * GIB - 1)
  expect(space.refusalOf(ROOT)).toBeDefined()
  await free(1.1 * GIB)
  expect(space.refusalOf(ROOT)).toBeUndefined()
})

test('on a small disk the reserve is a share of it', async () => {
  const { space, free } = await watch({}, GIB)
  await free(0.05 * GIB)
  expect(space.refusalOf(ROOT)).toBeUndefined()
  await free(0.05 * GIB - 2)
  expect(space.refusalOf(ROOT)).toBeDefined()
})

test('a reserve of 0 refuses nobody', async () => {
  const { space, free } = await watch({ reserveBytes: 0 })
  await free(0)
  expect([space.refusalOf(ROOT), space.throttleMs]).toEqual([undefined, 0])
})

test('producers are slowed down below twice the reserve, the more the less is left', async () => {
  const { space, free } = await watch()
  const at = async (bytes: number) => {
    await free(bytes)
    return space.throttleMs
  }
  expect(await at(2 * GIB)).toBe(0)
  expect(await at(1.75 * GIB)).toBe(250)
  expect(await at(1.5 * GIB)).toBe(500)
  expect(await at(GIB)).toBe(1_000)
  expect(await at(0)).toBe(1_000)
  expect(await at(3 * GIB)).toBe(0)
})

test('the alert is raised once at 80 %, and again only after it was over', async () => {
  const { events, free, space } = await watch()
  const alerting = () => [...space.directories].map(one => one.isAlerting)
  await free(20.5 * GIB)
  expect(alerting()).toEqual([false])
  await free(20 * GIB)
  await free(19 * GIB)
  await free(21 * GIB)
  expect(alerting()).toEqual([true])
  await free(23 * GIB)
  expect(alerting()).toEqual([false])
  await free(19 * GIB)
  expect(events).toEqual(['disk-nearly-full', 'disk-nearly-full'])
})

test('whoever can free space is called once when the reserve is reached', async () => {
  const { calls, free } = await watch()
  await free(GIB / 2)
  await free(GIB / 3)
  expect(calls).toEqual(['reserve'])
  await free(10 * GIB)
  await free(GIB / 2)
  expect(calls).toEqual(['reserve', 'reserve'])
})

test('the broker’s own records are written down to an eighth of the reserve, essential ones always', async () => {
  const { one, free } = await watch()
  const { environment } = one.directory
  await free(GIB / 8)
  expect(environment.full).toBeUndefined()
  await free(GIB / 8 - 1)
  expect(environment.full).toMatch(/bytes left/)
  const append = () => one.log.append(Buffer.alloc(0), 0)
  expect(append).toThrow(/bytes left/)
  one.log.isEssential = true
  expect(append).not.toThrow(/bytes left/)
  await free(10 * GIB)
  expect(environment.full).toBeUndefined()
})

test('log starts move and files go on a full disk', async () => {
  const { one, free } = await watch()
  await free(0)
  expect(await one.log.moveStart(0)).toBe(0)
})

test('it looks once a second, so writes resume within five', async () => {
  const { one, space, free } = await watch()
  await free(0)
  await space.start()
  await one.clock.advance(1_000)
  const freed = free(10 * GIB) // the next look would have come by itself
  await one.clock.advance(1_000)
  await freed
  expect(space.refusalOf(ROOT)).toBeUndefined()
  space.close()
  await one.clock.advance(10_000)
})

test('a disk that does not tell its space holds nobody back, and is said so once', async () => {
  const one = await openOneLog()
  const events: string[] = []
  const disk = Object.assign(Object.create(one.disk), { space: () => Promise.reject(new Error('ENOSYS')) })
  const space = new DiskSpace({
    disk,
    clock: one.clock,
    logger: { ...silentLogger, warn: fields => void events.push(fields.event) },
    directories: [one.directory],
    reserveBytes: GIB,
    reserveRatio: 0.05,
    alertRatio: 0.8,
    onReserve: () => {},
  })
  await space.poll()
  await space.poll()
  expect(events).toEqual(['disk-space-unknown'])
  expect([space.refusalOf(ROOT), space.throttleMs]).toEqual([undefined, 0])
})
