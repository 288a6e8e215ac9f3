import { expect, test } from 'vitest'
import {
  deletedFolderName,
  findTopicNameFault,
  folderName,
  parseFolderName,
  parseSegmentName,
  requireSegmentName,
  segmentName,
} from './segment-names.ts'

const ID = '0123456789abcdef0123456789abcdef'

test('writes the first offset in 20 digits, and reads it back', () => {
  expect(segmentName(79, '.log')).toBe('00000000000000000079.log')
  expect(segmentName(79, '.timeindex', '.swap')).toBe('00000000000000000079.timeindex.swap')
  expect(parseSegmentName('00000000000000000079.log')).toEqual({ baseOffset: 79, suffix: '.log' })
  expect(parseSegmentName('00009007199254740991.guard.deleted')).toEqual({
    baseOffset: 2 ** 53 - 1,
    suffix: '.guard',
    stage: '.deleted',
  })
  expect(requireSegmentName('/data/t-0/00000000000000000007.index').baseOffset).toBe(7)
})

test.each([
  '79.log',
  '00000000000000000079',
  '00000000000000000079.txt',
  '00000000000000000079.log.tmp',
  '00000000000000000079.log.swap.deleted',
  '00000000000000000079xlog',
  '-0000000000000000079.log',
  '00009007199254740992.log',
  'leader-epoch-checkpoint',
])('leaves %s alone', name => {
  expect(parseSegmentName(name)).toBeUndefined()
  expect(() => requireSegmentName(name)).toThrow(name)
})

test('writes and reads folder names, dashes, dots and digits in topics included', () => {
  for (const topic of ['t', 'a-b-1', '1', 'x.y_z', '-', '__consumer_offsets', 'a-delete']) {
    expect(parseFolderName(folderName(topic, 12))).toEqual({ topic, partition: 12, stage: 'live' })
    expect(parseFolderName(deletedFolderName(topic, 12, ID))).toEqual({
      topic,
      partition: 12,
      stage: 'delete',
    })
  }
  expect(parseFolderName(`t-0.${ID}-future`)?.stage).toBe('future')
  expect(parseFolderName(`t-0.${ID}-stray`)?.stage).toBe('stray')
})

test('cuts the topic of a deleted folder so that the name stays within 255 bytes', () => {
  const topic = 'n'.repeat(249)
  const name = deletedFolderName(topic, 12_345, ID)
  expect(name).toHaveLength(255)
  expect(parseFolderName(name)).toMatchObject({ partition: 12_345, stage: 'delete' })
})

test.each([
  't',
  't-',
  't-x',
  't-01',
  't--1x',
  't-2147483648',
  '../t-0',
  '..-0',
  't-0.short-delete',
  `t-0.${ID}-lost`,
  'meta.properties',
  `${'n'.repeat(250)}-0`,
])('does not take %s for a folder of a partition', name => {
  expect(parseFolderName(name)).toBeUndefined()
})

test('says what is wrong with a topic name', () => {
  expect(findTopicNameFault('')).toContain('empty')
  expect(findTopicNameFault('..')).toContain('".."')
  expect(findTopicNameFault('a/b')).toContain('ASCII')
  expect(findTopicNameFault('naïve')).toContain('ASCII')
  expect(findTopicNameFault('a\n')).toContain('ASCII')
  expect(findTopicNameFault('n'.repeat(250))).toContain('249')
  expect(findTopicNameFault('n'.repeat(249))).toBeUndefined()
})

test('builds no path from a bad name', () => {
  expect(() => folderName('../etc', 0)).toThrow('not a topic name')
  expect(() => folderName('t', -1)).toThrow('not a partition')
  expect(() => deletedFolderName('t', 0, '../x')).toThrow('not a unique id')
  expect(() => segmentName(-1, '.log')).toThrow('not an offset')
})
