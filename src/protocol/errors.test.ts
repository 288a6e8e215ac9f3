import { expect, test } from 'vitest'
import { kafkaErrors } from '../../test/support/kafka-reference.ts'
import { ErrorCode, type ErrorName, errorCodeOf, errorName, isRetriable, KafkaError } from './errors.ts'
import { DecodeError } from './reader.ts'

test('codes, names and what is retriable are Kafka’s', () => {
  expect(Object.entries(ErrorCode)).toEqual(kafkaErrors().map(({ name, code }) => [name, code]))
  for (const { name, code, retriable } of kafkaErrors()) {
    expect([name, errorName(code)]).toEqual([name, name])
    expect([name, isRetriable(code)]).toEqual([name, retriable])
    expect([name, new KafkaError(name as ErrorName).isRetriable]).toEqual([name, retriable])
  }
  expect([errorName(9999), isRetriable(9999)]).toEqual([undefined, false])
})

test('an error is told by its code, a stranger as UNKNOWN_SERVER_ERROR', () => {
  expect(errorCodeOf(new KafkaError('NOT_LEADER_OR_FOLLOWER'))).toBe(6)
  expect(errorCodeOf(new DecodeError('x', 'is odd', 0))).toBe(ErrorCode.INVALID_REQUEST)
  expect(errorCodeOf(new TypeError('oops'))).toBe(-1)
  expect(errorCodeOf('oops')).toBe(-1)
})

test('an error without a message says its name', () => {
  expect(new KafkaError('INVALID_CONFIG').message).toBe('INVALID_CONFIG')
  expect(new KafkaError('INVALID_CONFIG', 'retention.ms is no number').message).toBe(
    'retention.ms is no number',
  )
})
