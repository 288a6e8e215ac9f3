import { afterEach, expect, test, vi } from 'vitest'
import { type LogLevel, silentLogger } from './logger.ts'
import { createLogger } from './pino-logger.ts'

function captured(options: { level?: LogLevel; pretty?: boolean } = {}) {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', pretty: false, ...options, write: line => lines.push(line) })
  return { logger, lines }
}

afterEach(() => {
  vi.restoreAllMocks()
})

test('writes one line of JSON an event', () => {
  const { logger, lines } = captured()
  logger.info({ event: 'ready', port: 9092 }, 'ready on port 9092')
  logger.warn({ event: 'full' }, 'the disk is nearly full')
  expect(lines).toHaveLength(2)
  const first = JSON.parse(lines[0]!)
  expect(first).toMatchObject({ level: 'info', event: 'ready', port: 9092, text: 'ready on port 9092' })
  expect(Math.abs(first.time - Date.now())).toBeLessThan(10_000)
  expect(JSON.parse(lines[1]!)).toMatchObject({ level: 'warn', event: 'full' })
})

test('keeps what a client sent inside its line', () => {
  for (const pretty of [false, true]) {
    const { logger, lines } = captured({ pretty })
    logger.info({ event: 'client', clientId: 'a\r\n{"level":"error"}' }, 'a client came')
    expect(lines).toHaveLength(1)
    expect(lines[0]!.trimEnd()).not.toMatch(/[\r\n]/)
  }
})

test('leaves out what is below its level', () => {
  const { logger, lines } = captured({ level: 'warn' })
  logger.debug({ event: 'a' }, 'a')
  logger.info({ event: 'b' }, 'b')
  logger.error({ event: 'c' }, 'c')
  expect(lines.map(line => JSON.parse(line).event)).toEqual(['c'])
})

test('writes plain lines for people', () => {
  const { logger, lines } = captured({ pretty: true })
  logger.info({ event: 'ready', port: 9092 }, 'ready')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}ready port=9092\n$/)
})

test('writes an error with its stack', () => {
  const { logger, lines } = captured()
  logger.error({ event: 'failed', err: new Error('broken') }, 'a request failed')
  expect(JSON.parse(lines[0]!).err).toMatchObject({
    message: 'broken',
    stack: expect.stringContaining('logger.test'),
  })
})

test('says a limited warning once in ten seconds for each cause, and counts what it left out', () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1_000)
  const { logger, lines } = captured()
  for (let i = 0; i < 5; i++) logger.limited('10.0.0.1', { event: 'refused' }, 'refused')
  logger.limited('10.0.0.2', { event: 'refused' }, 'refused')
  expect(lines).toHaveLength(2)
  now.mockReturnValue(11_000)
  logger.limited('10.0.0.1', { event: 'refused' }, 'refused')
  expect(JSON.parse(lines[2]!)).toMatchObject({ event: 'refused', skipped: 4 })
  now.mockReturnValue(21_000)
  logger.limited('10.0.0.1', { event: 'refused' }, 'refused')
  expect(JSON.parse(lines[3]!).skipped).toBeUndefined()
})

test('a silent logger says nothing', () => {
  const write = vi.spyOn(process.stdout, 'write')
  silentLogger.error({ event: 'a' }, 'a')
  silentLogger.limited('b', { event: 'b' }, 'b')
  expect(write).not.toHaveBeenCalled()
})

test('loses no line to a value that JSON has no word for, and tells all that an error carries', () => {
  const cause = Object.assign(new Error('no room'), { code: 'ENOSPC' })
  for (const pretty of [false, true]) {
    const { logger, lines } = captured({ pretty })
    logger.warn({ event: 'odd', bytes: 2n ** 60n, nothing: undefined, error: cause }, 'odd\nvalues')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(pretty ? /11529215046068/ : /1152921504606846976/)
    expect(lines[0]).toMatch(/"code":"ENOSPC"/)
    expect(lines[0]!.trimEnd()).not.toContain('\n')
  }
})
