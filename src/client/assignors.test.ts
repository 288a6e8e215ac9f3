import { expect, test } from 'vitest'
import { assignors } from './assignors.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts'
import type { TopicPartition } from './topic-partition.ts'

const names = (assigned: Map<string, TopicPartition[]>) =>
  Object.fromEntries(
    [...assigned].map(([member, part]) => [member, part.map(one => `${one.topic}${one.partition}`)]),
  )

const member = (memberId: string, ...topics: string[]) => ({ memberId, topics })

test('range gives each member a run of every topic, the first ones one more', () => {
  const members = [member('b', 't', 'u'), member('a', 't', 'u'), member('c', 'u')]
  const counts = new Map([
    ['t', 3],
    ['u', 4],
  ])
  expect(names(assignors.range(members, counts))).toEqual({
    a: ['t0', 't1', 'u0', 'u1'],
    b: ['t2', 'u2'],
    c: ['u3'],
  })
})

test('roundrobin lets all partitions go round', () => {
  const members = [member('b', 't', 'u'), member('a', 't', 'u'), member('c', 'u')]
  const counts = new Map([
    ['t', 3],
    ['u', 3],
  ])
  expect(names(assignors.roundrobin(members, counts))).toEqual({
    a: ['t0', 't2', 'u2'],
    b: ['t1', 'u0'],
    c: ['u1'],
  })
})

test('members without partitions and topics without members are fine', () => {
  for (const assign of Object.values(assignors)) {
    expect(names(assign([member('a', 'gone')], new Map()))).toEqual({ a: [] })
    expect(names(assign([member('a', 't'), member('b', 't')], new Map([['t', 1]])))).toEqual({
      a: ['t0'],
      b: [],
    })
  }
})

test('subscriptions and assignments come back from their bytes', () => {
  expect(decodeSubscription(encodeSubscription(['t', 'u']))).toEqual(['t', 'u'])
  const partitions = [
    { topic: 't', partition: 1 },
    { topic: 't', partition: 0 },
    { topic: 'u', partition: 5 },
  ]
  expect(decodeAssignment(encodeAssignment(partitions))).toEqual(partitions)
  expect(decodeAssignment(Buffer.alloc(0))).toEqual([])
})
