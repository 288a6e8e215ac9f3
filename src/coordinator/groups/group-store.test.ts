import { expect, test } from 'vitest'
import type { KeyValueEngine } from '../../storage/engine.ts'
import { openMemoryEngine } from '../../storage/memory-engine.ts'
import { GroupStore } from './group-store.ts'
import { groupRecord, offsetRecord } from './record-codec.ts'

const committed = (offset: number) => ({
  offset,
  leaderEpoch: -1,
  metadata: '',
  commitTimestamp: 0,
  expireTimestamp: -1,
  topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
})

test('tells apart groups, topics and partitions whose names begin alike, and other partitions of the topic', async () => {
  const engine = openMemoryEngine()
  const stores = [0, 1, 255, 256].map(index => new GroupStore(engine, index, 'x'))
  const names = ['', 'a', 'ab', 'a\u0000', 'ÿ', 'ÿÿ']
  for (const [index, store] of stores.entries()) {
    const records = names.flatMap(group =>
      names.map(topic =>
        offsetRecord(group, topic, 7, committed(100 * index + 10 * group.length + topic.length)),
      ),
    )
    await store.apply(
      records.map((record, offset) => ({ ...record, offset })),
      records.length,
    )
  }
  for (const [index, store] of stores.entries()) {
    expect((await Array.fromAsync(store.groupsWithOffsets())).sort()).toEqual([...names].sort())
    for (const group of names) {
      const found = await Array.fromAsync(store.offsets(group))
      expect(found.map(({ topic }) => topic).sort()).toEqual([...names].sort())
      for (const topic of names) {
        expect((await Array.fromAsync(store.offsets(group, topic))).map(one => one.topic)).toEqual([topic])
        const wanted = 100 * index + 10 * group.length + topic.length
        expect((await store.find(group, topic, 7))?.offset).toBe(wanted)
      }
    }
  }
  await stores[1]!.clear()
  expect(await Array.fromAsync(stores[1]!.groupsWithOffsets())).toEqual([])
  expect(await stores[1]!.readApplied()).toBeUndefined()
  expect(await stores[2]!.readApplied()).toBe(names.length ** 2)
})

test('reads from an engine that has to go to its disk', async () => {
  const memory = openMemoryEngine()
  const slow: KeyValueEngine = Object.assign(Object.create(memory), {
    get: async (key: Buffer) => await memory.get(key),
    write: (batch: Parameters<KeyValueEngine['write']>[0]) => memory.write(batch),
    scan: (...args: Parameters<KeyValueEngine['scan']>) => memory.scan(...args),
  })
  const store = new GroupStore(slow, 0, 'x')
  const group = {
    protocolType: '',
    generation: 3,
    protocol: null,
    leader: null,
    currentStateTimestamp: 1,
    members: [],
  }
  const records = [
    offsetRecord('g', 't', 1, committed(5)),
    groupRecord('g', group),
    groupRecord('h', group),
    groupRecord('h', null),
  ]
  await store.apply(
    records.map((record, offset) => ({ ...record, offset })),
    4,
  )
  expect(await store.readApplied()).toBe(4)
  expect((await store.find('g', 't', 1))?.offset).toBe(5)
  expect(await store.find('g', 't', 2)).toBeUndefined()
  expect(await Array.fromAsync(store.groups())).toEqual([{ groupId: 'g', record: group }])
})
