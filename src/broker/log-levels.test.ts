import { expect, test } from 'vitest'
import { silentLogger } from '../base/logger.ts'
import { createLogger } from '../base/pino-logger.ts'
import { LogLevels } from './log-levels.ts'

const [SET, DELETE] = [0, 1]

function open() {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', pretty: false, write: line => void lines.push(line) })
  const levels = new LogLevels(logger)
  const set = (name: string, value: string) => levels.alter([{ name, operation: SET, value }], false)
  const shows = (write: () => void) => {
    const before = lines.length
    write()
    return lines.length > before
  }
  return { logger, levels, set, shows }
}

test('a level is in force from the next line on', () => {
  const { logger, set, shows } = open()
  const debug = () => logger.debug({ event: 'x' }, 'x')
  expect(shows(debug)).toBe(false)
  set('root', 'DEBUG')
  expect(shows(debug)).toBe(true)
  set('loggerhead', 'ERROR')
  expect(shows(debug)).toBe(false)
  expect(shows(() => logger.warn({ event: 'x' }, 'x'))).toBe(false)
})

test('the logger of all lines falls back to the root', () => {
  const { levels, logger, set } = open()
  set('loggerhead', 'TRACE')
  expect([...levels.all]).toEqual([
    ['root', 'INFO'],
    ['loggerhead', 'TRACE'],
  ])
  levels.alter([{ name: 'loggerhead', operation: DELETE, value: null }], false)
  expect([...levels.all.values()]).toEqual(['INFO', 'INFO'])
  expect(logger.level).toBe('info')
})

test('fatal is an error here, and silence is off', () => {
  const { levels, set } = open()
  set('root', 'FATAL')
  expect(levels.all.get('root')).toBe('ERROR')
  expect(new LogLevels(silentLogger).all.get('root')).toBe('OFF')
})

test('one operation that is not allowed holds back all', () => {
  const { levels } = open()
  const operations = [
    { name: 'root', operation: SET, value: 'DEBUG' },
    { name: 'root', operation: SET, value: 'debug' },
  ]
  expect(() => levels.alter(operations, false)).toThrow('not a supported log level')
  expect(levels.all.get('root')).toBe('INFO')
})
