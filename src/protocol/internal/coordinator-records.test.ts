import { expect, test } from 'vitest'
import { DecodeError } from '../reader.ts'
import {
  encodeRecordKey,
  encodeRecordValue,
  groupRecords,
  readRecordKey,
  readRecordValue,
  shareStateRecords,
  transactionRecords,
} from './coordinator-records.ts'

test('an offset’s key and value have the bytes that Kafka writes', () => {
  const key = encodeRecordKey(groupRecords.offsetCommit, { group: 'g', topic: 'orders', partition: 3 })
  expect(key.toString('hex')).toBe('0001 0001 67 0006 6f7264657273 00000003'.replaceAll(' ', ''))
  const value = { offset: 5, leaderEpoch: 2, metadata: '', commitTimestamp: 1000 }
  const bytes = encodeRecordValue(groupRecords.offsetCommit, value, 3)
  expect(bytes.toString('hex')).toBe(
    '0003 0000000000000005 00000002 0000 00000000000003e8'.replaceAll(' ', ''),
  )
  expect(readRecordValue(groupRecords.offsetCommit, bytes)).toMatchObject(value)
})

test('a key tells its type, and is read with it', () => {
  const key = encodeRecordKey(groupRecords.groupMetadata, { group: 'g' })
  expect(readRecordKey(groupRecords, key)).toEqual({ type: 'groupMetadata', key: { group: 'g' } })
  const transaction = encodeRecordKey(transactionRecords.transactionLog, { transactionalId: 't' })
  expect(readRecordKey(transactionRecords, transaction)).toEqual({
    type: 'transactionLog',
    key: { transactionalId: 't' },
  })
})

test('a type that is not in the table is null, not an error', () => {
  expect(readRecordKey(groupRecords, Buffer.from('00ff0000', 'hex'))).toBeNull()
})

test('a version or bytes that we do not know are refused', () => {
  expect(() => readRecordValue(groupRecords.offsetCommit, Buffer.from('0009', 'hex'))).toThrow(
    'OffsetCommitValue: version 9, known are 0 to 4',
  )
  expect(() => readRecordKey(groupRecords, Buffer.alloc(1))).toThrow(DecodeError)
  expect(() => readRecordKey(groupRecords, Buffer.from('000200', 'hex'))).toThrow(DecodeError)
})

test('every version of a group’s value is read', () => {
  const member = {
    memberId: 'm',
    groupInstanceId: null,
    clientId: 'c',
    clientHost: '/127.0.0.1',
    rebalanceTimeout: 1,
    sessionTimeout: 2,
    subscription: Buffer.from('s'),
    assignment: Buffer.from('a'),
  }
  const value = { protocolType: 'consumer', generation: 4, protocol: 'range', leader: 'm', members: [member] }
  for (let version = 0; version <= 4; version++) {
    const bytes = encodeRecordValue(groupRecords.groupMetadata, value, version)
    expect(bytes.readInt16BE()).toBe(version)
    expect(readRecordValue(groupRecords.groupMetadata, bytes)).toMatchObject({ generation: 4, leader: 'm' })
  }
})

test('no two types of a topic share a number', () => {
  for (const types of [groupRecords, transactionRecords, shareStateRecords]) {
    const numbers = Object.values(types).map(type => type.number)
    expect(new Set(numbers).size).toBe(numbers.length)
  }
})

test('a tagged struct that may be null is marked as Kafka marks it: by a varint, not by a byte', () => {
  const member = {
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    subscribedTopicNames: [],
    subscribedTopicRegex: null,
    serverAssignor: null,
  }
  const encoded = (classicMemberMetadata: object | null | undefined) =>
    encodeRecordValue(groupRecords.consumerGroupMemberMetadata, { ...member, classicMemberMetadata } as never)
      .toString('hex')
      .slice(2 * 13)
  const type = groupRecords.consumerGroupMemberMetadata
  expect(encoded(undefined)).toBe('00')
  expect(encoded(null)).toBe('01000100')
  const bytes = encodeRecordValue(type, { ...member, classicMemberMetadata: null })
  expect(readRecordValue(type, bytes).classicMemberMetadata).toBeNull()
  const full = { sessionTimeoutMs: 7, supportedProtocols: [{ name: 'range', metadata: Buffer.from('x') }] }
  const read = readRecordValue(type, encodeRecordValue(type, { ...member, classicMemberMetadata: full }))
  expect(read.classicMemberMetadata).toEqual(full)
})
