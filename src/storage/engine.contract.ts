import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SeededRandom } from '../base/random.ts'
import type { Entry, KeyRange, KeyValueEngine, Operation } from './engine.ts'

/** What every engine promises. `open` gives an empty one; it is called once a test. */
export function describeEngine(name: string, open: () => KeyValueEngine | Promise<KeyValueEngine>): void {
  describe(`engine: ${name}`, () => {
    let engine: KeyValueEngine
    beforeEach(async () => {
      engine = await open()
    })
    afterEach(() => engine.close())

    test('gives back what was put, byte for byte', async () => {
      const value = Buffer.from([0, 255, 128, 10, 13])
      await engine.write([put(Buffer.from([0, 0xff]), value)])
      expect(await engine.get(Buffer.from([0, 0xff]))).toEqual(value)
      expect(await engine.get(Buffer.from([0, 0xfe]))).toBeUndefined()
    })

    test('keeps an empty key and an empty value apart from nothing', async () => {
      expect(await engine.get(Buffer.alloc(0))).toBeUndefined()
      await engine.write([put(Buffer.alloc(0), Buffer.alloc(0))])
      expect(await engine.get(Buffer.alloc(0))).toEqual(Buffer.alloc(0))
    })

    test('does not see what the caller does to its buffers after the write', async () => {
      const key = Buffer.from('key')
      const value = Buffer.from('value')
      await engine.write([put(key, value)])
      key.fill(0)
      value.fill(0)
      expect(String(await engine.get(Buffer.from('key')))).toBe('value')
      ;(await engine.get(Buffer.from('key')))!.fill(0)
      expect(String(await engine.get(Buffer.from('key')))).toBe('value')
    })

    test('applies the operations of a batch in their order', async () => {
      await engine.write([
        putText('a', '1'),
        putText('b', '1'),
        { type: 'deleteRange', from: Buffer.from('a'), to: Buffer.from('c') },
        putText('a', '2'),
        { type: 'delete', key: Buffer.from('missing') },
      ])
      expect(await texts(engine.scan({}))).toEqual(['a=2'])
    })

    test('orders keys as unsigned bytes, a prefix before what it begins', async () => {
      const keys = [[0xff], [0x7f], [0x80], [], [0x80, 0], [0], [0xff, 0xff]].map(bytes => Buffer.from(bytes))
      await engine.write(keys.map(key => put(key, key)))
      const seen = (await entries(engine.scan({}))).map(({ key }) => key.toString('hex'))
      expect(seen).toEqual(['', '00', '7f', '80', '8000', 'ff', 'ffff'])
    })

    test('scans from the first key included to the last excluded, both ways, up to a limit', async () => {
      await engine.write(['a', 'b', 'c', 'd', 'e'].map(key => putText(key, key)))
      const range = { from: Buffer.from('b'), to: Buffer.from('e') }
      expect(await texts(engine.scan(range))).toEqual(['b=b', 'c=c', 'd=d'])
      expect(await texts(engine.scan(range, { reverse: true }))).toEqual(['d=d', 'c=c', 'b=b'])
      expect(await texts(engine.scan(range, { limit: 2 }))).toEqual(['b=b', 'c=c'])
      expect(await texts(engine.scan(range, { reverse: true, limit: 1 }))).toEqual(['d=d'])
      expect(await texts(engine.scan({ from: Buffer.from('e'), to: Buffer.from('b') }))).toEqual([])
    })

    test('a scan sees the moment of its call, whatever is written meanwhile', async () => {
      await engine.write([putText('a', '1'), putText('b', '1')])
      const scan = engine.scan({})
      await engine.write([putText('a', '2'), putText('c', '2'), { type: 'delete', key: Buffer.from('b') }])
      expect(await texts(scan)).toEqual(['a=1', 'b=1'])
      expect(await texts(engine.scan({}))).toEqual(['a=2', 'c=2'])
    })

    test('a snapshot sees its moment until it is released', async () => {
      await engine.write([putText('a', '1')])
      const before = engine.snapshot()
      await engine.write([putText('a', '2'), putText('b', '2')])
      const between = engine.snapshot()
      await engine.write([{ type: 'deleteRange', from: Buffer.from('a'), to: Buffer.from('z') }])
      expect(engine.stats().openSnapshots).toBe(2)
      expect(String(await before.get(Buffer.from('a')))).toBe('1')
      expect(await before.get(Buffer.from('b'))).toBeUndefined()
      expect(await texts(between.scan({}, { reverse: true }))).toEqual(['b=2', 'a=2'])
      expect(await texts(engine.scan({}))).toEqual([])
      before.release()
      between.release()
      expect(engine.stats().openSnapshots).toBe(0)
    })

    test('counts keys and bytes', async () => {
      await engine.write([putText('ab', 'cde'), putText('x', 'y')])
      expect(engine.stats()).toMatchObject({ keys: 2 })
      await engine.write([{ type: 'delete', key: Buffer.from('ab') }])
      expect(engine.stats()).toMatchObject({ keys: 1 })
    })

    const seed = Number(process.env.SEED ?? 20260101)
    test(`agrees with a sorted map over random writes, ranges and snapshots (SEED=${seed})`, async () => {
      await runRandomly(engine, new SeededRandom(seed))
    })
  })
}

/** Random operations beside a plain map; everything that can be read is compared now and then. */
async function runRandomly(engine: KeyValueEngine, random: SeededRandom): Promise<void> {
  const model = new Map<string, string>()
  const key = () => random.below(4_000).toString(36).padStart(3, '0')
  const snapshots: { view: ReturnType<KeyValueEngine['snapshot']>; model: Map<string, string> }[] = []
  for (let round = 0; round < 400; round++) {
    const batch: Operation[] = []
    for (let i = random.below(60); i >= 0; i--) batch.push(randomOperation(random, key, model))
    await engine.write(batch)
    if (round % 40 === 0) snapshots.push({ view: engine.snapshot(), model: new Map(model) })
    if (round % 5 === 0) await compare(engine, model, random, key)
    const [oldest] = snapshots
    if (oldest && snapshots.length > 3) {
      await compare(oldest.view, oldest.model, random, key)
      oldest.view.release()
      snapshots.shift()
    }
  }
}

function randomOperation(random: SeededRandom, key: () => string, model: Map<string, string>): Operation {
  const kind = random.below(100)
  const target = key()
  if (kind === 0) {
    const to = target + String(random.below(10))
    const from = target.slice(0, 2)
    for (const one of model.keys()) if (one >= from && one < to) model.delete(one)
    return { type: 'deleteRange', from: Buffer.from(from), to: Buffer.from(to) }
  }
  if (kind < 30) {
    model.delete(target)
    return { type: 'delete', key: Buffer.from(target) }
  }
  const value = String(random.u32())
  model.set(target, value)
  return putText(target, value)
}

async function compare(
  view: Pick<KeyValueEngine, 'get' | 'scan'>,
  model: Map<string, string>,
  random: SeededRandom,
  key: () => string,
): Promise<void> {
  const one = key()
  expect((await view.get(Buffer.from(one)))?.toString()).toBe(model.get(one))
  const [from, to] = [key(), key()].sort() as [string, string]
  const range: KeyRange = { from: Buffer.from(from), to: Buffer.from(to) }
  const wanted = [...model].filter(([candidate]) => candidate >= from && candidate < to).sort()
  const lines = wanted.map(([name, value]) => `${name}=${value}`)
  const limit = random.below(2) === 0 ? undefined : random.below(50)
  const options = limit === undefined ? {} : { limit }
  expect(await texts(view.scan(range, options))).toEqual(lines.slice(0, limit))
  expect(await texts(view.scan(range, { ...options, reverse: true }))).toEqual(
    lines.reverse().slice(0, limit),
  )
}

function put(key: Buffer, value: Buffer): Operation {
  return { type: 'put', key, value }
}

function putText(key: string, value: string): Operation {
  return put(Buffer.from(key), Buffer.from(value))
}

async function entries(scan: AsyncIterable<Entry>): Promise<Entry[]> {
  return await Array.fromAsync(scan)
}

async function texts(scan: AsyncIterable<Entry>): Promise<string[]> {
  return (await entries(scan)).map(({ key, value }) => `${key}=${value}`)
}
