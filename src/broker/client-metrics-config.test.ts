import { expect, test } from 'vitest'
import { parseClientMetricsConfigs } from './client-metrics-config.ts'

const parse = (values: Record<string, string>, name = 'latency') =>
  parseClientMetricsConfigs(name, new Map(Object.entries(values)))

test('takes a whole subscription, in one spelling', () => {
  const values = {
    metrics: 'org.apache.kafka.producer. , org.apache.kafka.consumer.',
    'interval.ms': '0100',
    match: 'client_id=a.*, client_software_name = Java',
  }
  expect([...parse(values).values()]).toEqual([
    'org.apache.kafka.producer.,org.apache.kafka.consumer.',
    '100',
    'client_id=a.*,client_software_name = Java',
  ])
  expect([...parse({ metrics: '', match: '' }).values()]).toEqual(['', ''])
})

test.each([
  [{ nosuch: '1' }, 42, 'Unknown client metrics configuration: nosuch'],
  [{ 'interval.ms': 'x' }, 40, 'Invalid value x for configuration interval.ms'],
  [{ 'interval.ms': '99' }, 42, 'Invalid value 99 for interval.ms, interval must be between 100 and 3600000'],
  [{ 'interval.ms': '3600001' }, 42, 'interval must be between'],
  [{ match: 'client_id' }, 40, 'Illegal client matching pattern: client_id'],
  [{ match: 'client_id=' }, 40, 'Illegal client matching pattern: client_id='],
  [{ match: 'client_id=a=b' }, 40, 'Illegal client matching pattern: client_id=a=b'],
  [{ match: 'colour=red' }, 40, 'Illegal client matching pattern: colour=red'],
  [{ match: 'client_id=(' }, 40, 'Illegal client matching pattern: client_id=('],
])('refuses %o', (values, code, message) => {
  expect(() => parse(values as Record<string, string>)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  )
})

test('refuses a subscription without a name', () => {
  expect(() => parse({ metrics: '*' }, '')).toThrow("Subscription name can't be empty")
})
