import { describe, expect, test } from 'vitest'
import { groupRecord, offsetRecord, readGroup, readKey, readOffset } from './record-codec.ts'

/** Keys and values as Apache Kafka 4.3.0 wrote them to `__consumer_offsets`. */
const written = {
  'a new group': ['00020000', '0003000000000000ffffffff000001a1fc45d75d00000000'],
  'a group with a static member': [
    '0002001173742d7331373935323333373937383035',
    '00030008636f6e73756d657200000001000572616e6765002769312d61653531336435302d353832342d346365662d386337352d323262313934343131363032000001a1fc45e1f600000001002769312d61653531336435302d353832342d346365662d386337352d323262313934343131363032000269310002636c000a2f3132372e302e302e3100001388000027100000000e00000000000100027431ffffffff000000024131',
  ],
  'a group with a dynamic member': [
    '0002001173642d7331373935323333373937383035',
    '00030008636f6e73756d657200000001000572616e67650027636c2d33623737323030622d343939612d346634312d386365312d373964323438656164613532000001a1fc45e41a000000010027636c2d33623737323030622d343939612d346634312d386365312d373964323438656164613532ffff0002636c000a2f3132372e302e302e3100001388000027100000000e00000000000100027431ffffffff000000024131',
  ],
  'a deleted group': ['00020000', null],
  'an offset': [
    '000100000002743100000000',
    '0004000000000000000500000000026d000001a1fc45ddba010010a19c755d40d04b2b9e954c4d192e83d6',
  ],
  'an offset with its own expiry': [
    '00010010632d73313739353233333836343634370002743100000002',
    '0001000000000000000200027632000001a1fc46dd6a000001a1fc561faa',
  ],
  'a deleted offset': ['000100000002743100000000', null],
} as const

describe('records of __consumer_offsets', () => {
  test.each(Object.entries(written))(
    '%s is read, and written back to the same bytes',
    (_, [keyHex, valueHex]) => {
      const key = readKey(Buffer.from(keyHex, 'hex'))
      const value = valueHex === null ? null : Buffer.from(valueHex, 'hex')
      if (key.type === 'unknown') throw new Error('a type that is known')
      const record =
        key.type === 'group'
          ? groupRecord(key.groupId, value && readGroup(value))
          : offsetRecord(key.groupId, key.topic, key.partitionIndex, value && readOffset(value))
      expect(record.key.toString('hex')).toBe(keyHex)
      expect(record.value?.toString('hex') ?? null).toBe(valueHex)
    },
  )

  test('the oldest and the newest values are read too', () => {
    const old = readOffset(Buffer.from('000000000000000000070001780000018bcfe56800', 'hex'))
    expect(old).toMatchObject({ offset: 7, metadata: 'x', leaderEpoch: -1, expireTimestamp: -1 })
    expect(readKey(Buffer.from('00000001670001740000002a', 'hex'))).toEqual({
      type: 'offset',
      groupId: 'g',
      topic: 't',
      partitionIndex: 42,
    })
  })

  test('a key of another type is told apart, even a short one', () => {
    expect(readKey(Buffer.from('000300016700', 'hex'))).toEqual({ type: 'unknown' })
    expect(readKey(Buffer.alloc(1))).toEqual({ type: 'unknown' })
  })
})
