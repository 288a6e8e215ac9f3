import { expect, test } from 'vitest'
import { type LogFields, silentLogger } from '../base/logger.ts'
import { loadConfig } from './config.ts'
import { PartitionSettings } from './partition-settings.ts'

const unsynced = new Map([['flush.messages', '9223372036854775807']])

test('says once that acknowledgements stay synced', () => {
  const told: unknown[] = []
  const logger = { ...silentLogger, warn: (fields: LogFields) => void told.push(fields.topic) }
  const topics = new PartitionSettings(loadConfig(), logger)
  expect(topics.of('a', unsynced).log.syncEveryRecords).toBe(1)
  topics.of('b', unsynced)
  expect(told).toEqual(['a'])
})

test('topics without settings of their own share what is worked out', () => {
  const topics = new PartitionSettings(loadConfig(), silentLogger)
  const first = topics.of('a', new Map())
  expect(topics.of('b', new Map())).toBe(first)
  topics.forgetDefaults()
  expect(topics.of('b', new Map())).not.toBe(first)
  expect(topics.of('b', new Map())).toEqual(first)
})
