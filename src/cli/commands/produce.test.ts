import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type CommandOptions, runCommand } from '../../../test/support/command-line.ts'
import { startLiveBroker, temporaryFolder } from '../../../test/support/live-broker.ts'

async function start() {
  const { broker } = await startLiveBroker({ config: { 'group.min.session.timeout.ms': 100 } })
  const env = { LOGGERHEAD_BROKERS: `127.0.0.1:${broker.port}` }
  const cli = (args: string, options: CommandOptions = {}) =>
    runCommand(
      args.split(' ').map(word => word.replaceAll('␣', ' ')),
      { env, ...options },
    )
  await cli('topic create t -p 1')
  return { broker, cli }
}

test('lines become records, and come back', async () => {
  const { cli } = await start()
  const sent = await cli('produce t', { input: 'one\ntwo\nthree' })
  expect(sent).toMatchObject({ code: 0, lines: ['3 records sent to t (partition 0: offsets 0–2)'] })
  expect((await cli('consume t -e')).lines).toEqual(['one', 'two', 'three'])
  expect((await cli('consume t -o -2 -e')).lines).toEqual(['two', 'three'])
  expect((await cli('consume t -o 1:2')).lines).toEqual(['two'])
  expect((await cli('consume t -o :end -n 1')).lines).toEqual(['one'])
  expect((await cli('consume t -o @-1h -e')).lines).toHaveLength(3)
  expect((await cli('consume t -o @:-1h')).lines).toEqual([])
})

test('keys, headers, times, tombstones and binary values survive', async () => {
  const { cli } = await start()
  await cli('produce t -k key -H a:1 -H b=2 -H c -t 1772366400500 -z zstd', { input: 'x\n' })
  await cli('produce t -f %k=%v\\n -Z', { input: 'gone=\nkept=v\n' })
  await cli('produce t -f %v -z lz4', { input: Buffer.from([0, 255, 254]) })
  const records = (await cli('consume t -e --json')).lines.map(line => JSON.parse(line))
  expect(records[0]).toEqual({
    topic: 't',
    partition: 0,
    offset: 0,
    timestamp: 1_772_366_400_500,
    key: 'key',
    value: 'x',
    headers: [
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
      { key: 'c', value: null },
    ],
  })
  expect(records.slice(1)).toMatchObject([
    { key: 'gone', value: null },
    { key: 'kept', value: 'v' },
    { key: null, valueBase64: 'AP/+' },
  ])
  expect((await cli('consume t -o 3 -e -f %v')).bytes).toEqual(Buffer.from([0, 255, 254]))
  expect((await cli('consume t -o 0 -n 1 -f json --meta-only')).lines[0]).toContain('"valueBytes":1')
})

test('what was written by a format is read by the same format', async () => {
  const { cli } = await start()
  const format = '%K{big32}%k%V{big32}%v'
  const input = Buffer.from('\0\0\0\x01a\0\0\0\x03x\ny\0\0\0\x01b\0\0\0\0')
  expect((await cli(`produce t -f ${format}`, { input })).code).toBe(0)
  expect((await cli(`consume t -e -f ${format}`)).bytes).toEqual(input)
})

test('files are read in place of standard input, and each record can be told when it is stored', async () => {
  const { cli } = await start()
  const folder = await temporaryFolder()
  const [a, b] = [join(folder, 'a'), join(folder, 'b')]
  await writeFile(a, 'one\ntwo\n')
  await writeFile(b, 'x'.repeat(300_000))
  expect((await cli(`produce t @${a} @${b} -o %p:%o␣`)).lines).toEqual(['0:0 0:1 0:2 '])
  const stored = await cli(`produce t -n 2 --json @${a}`)
  expect(stored.lines.map(line => JSON.parse(line).offset)).toEqual([3, 4, 5, 6])
  expect((await cli('consume t -e -f %V,')).lines).toEqual(['3,3,300000,3,3,3,3,'])
  expect((await cli('produce t @/nowhere/x')).notes).toEqual(['/nowhere/x does not exist'])
})

test('what is wrong is told before or at the record, and exits with 1 or 2', async () => {
  const { cli } = await start()
  expect(await cli('produce nope', { input: 'x\n' })).toMatchObject({
    code: 1,
    notes: [
      'there is no topic nope; loggerhead topic create nope makes it, --allow-auto-topic-creation lets the broker do so',
    ],
  })
  expect((await cli('produce t x')).code).toBe(2)
  expect((await cli('produce t -z brotli')).notes[0]).toMatch(/must be none, gzip, snappy, lz4, zstd/)
  expect((await cli('produce t -p 4', { input: 'x\n' })).notes[0]).toMatch(/there is none with number 4/)
  const torn = await cli('produce t -f %k:%v\\n', { input: 'a:1\nb\n' })
  expect(torn).toMatchObject({ code: 1, notes: [expect.stringContaining('there is no ":" behind %k')] })
  await cli('topic create compacted -c cleanup.policy=compact')
  expect((await cli('produce compacted', { input: 'x\n' })).notes[0]).toMatch(/INVALID_RECORD/)
  expect((await cli('consume t -o 100')).notes[0]).toMatch(/t-0 has offsets 0 to \d, so there is no 100/)
  expect((await cli('consume t -p 0 -g g')).code).toBe(2)
  expect((await cli('consume t -g g -b sticky')).notes[0]).toMatch(/must be one of range, roundrobin/)
})

test('the broker may create the topic, and a stream of any length is sent as it comes', async () => {
  const { cli } = await start()
  async function* stream() {
    for (let i = 0; i < 50; i++) yield Buffer.from(`${'y'.repeat(999)}\n`.repeat(100))
  }
  const sent = await cli('produce fresh --allow-auto-topic-creation', { input: stream() })
  expect(sent.lines).toEqual(['5000 records sent to fresh (partition 0: offsets 0–4999)'])
  expect((await cli('consume fresh -e')).bytes.length).toBe(5_000_000)
})

test('consume follows what comes, until Ctrl-C', async () => {
  const { cli } = await start()
  await cli('produce t', { input: 'one\n' })
  let isSent = false
  const { code, lines } = await cli('consume t', {
    wrote(sofar, interrupt) {
      if (!isSent) void cli('produce t', { input: 'two\n' })
      isSent = true
      if (sofar.includes('two')) interrupt()
    },
  })
  expect({ code, lines }).toEqual({ code: 0, lines: ['one', 'two'] })
})

test('Ctrl-C while producing sends what was read', async () => {
  const { cli } = await start()
  async function* stream() {
    yield Buffer.from('one\ntwo\nhalf')
    await new Promise(() => {})
  }
  const { code, lines } = await cli('produce t -o %o,', {
    input: stream(),
    wrote: (_, interrupt) => interrupt(),
  })
  expect(code).toBe(0)
  expect(lines.join('')).toMatch(/^0,1,$/)
})

test('a group goes on where it was, and is moved, shown and removed', async () => {
  const { cli } = await start()
  await cli('produce t', { input: 'one\ntwo\nthree\n' })
  expect((await cli('consume t -g g -n 2')).lines).toEqual(['one', 'two'])
  expect((await cli('consume t -g g -e -b roundrobin')).lines).toEqual(['three'])
  expect((await cli('group list')).lines[1]).toMatch(/^g +Empty +classic +consumer +1$/)
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'offsets'), 't:0:1\n')
  const [described] = JSON.parse((await cli('group describe g --json')).lines[0]!)
  expect(described).toMatchObject({ group: 'g', state: 'Empty', totalLag: 0, members: [] })
  expect((await cli('group seek g --to start --dry')).lines[1]).toMatch(/^t +0 +3 +0$/)
  expect((await cli('group seek g --to -1')).lines[1]).toMatch(/^t +0 +3 +2$/)
  expect((await cli('consume t -g g -e')).lines).toEqual(['three'])
  await cli(`group seek g --to-file ${join(folder, 'offsets')}`)
  await cli('group seek h --to-group g')
  expect((await cli('consume t -g h -e')).lines).toEqual(['two', 'three'])
  expect((await cli('group seek g --to 99')).notes).toEqual(['t-0 has offsets 0 to 3: 3 in place of 99'])
  await cli('group seek new --to @-1h --topics t')
  expect((await cli('group describe new')).lines).toContain('TOTAL LAG    3')
  expect((await cli('group delete g h new')).code).toBe(0)
  expect(await cli('group describe ne')).toMatchObject({ code: 1, notes: ['there is no group ne'] })
  expect((await cli('group delete g')).lines[1]).toMatch(/GROUP_ID_NOT_FOUND/)
})

test('a group with a member is neither moved nor removed; Ctrl-C leaves it and commits', async () => {
  const { cli } = await start()
  await cli('produce t', { input: 'one\n' })
  const answers: Promise<unknown>[] = []
  const consumed = await cli('consume t -g g', {
    wrote(_, interrupt) {
      const moved = cli('group seek g --to start')
      const removed = cli('group delete g')
      const shown = cli('group describe g')
      answers.push(moved, removed, shown)
      void Promise.allSettled(answers).then(interrupt)
    },
  })
  expect(consumed).toMatchObject({ code: 0, lines: ['one'] })
  expect(await Promise.all(answers)).toMatchObject([
    { code: 1, notes: ['group g has 1 member: stop them first, they would commit over it'] },
    { code: 1, lines: [expect.any(String), expect.stringMatching(/NON_EMPTY_GROUP: .*stop them first/)] },
    { code: 0, lines: expect.arrayContaining(['STATE        Stable', 'MEMBERS      1']) },
  ])
  expect((await cli('group describe g')).lines).toEqual(
    expect.arrayContaining(['STATE        Empty', 'TOTAL LAG    0']),
  )
})

test('two members share the partitions, and what the first has committed nobody reads again', async () => {
  const { cli } = await start()
  await cli('topic create u -p 2')
  for (const partition of [0, 1]) await cli(`produce u -p ${partition}`, { input: `before ${partition}\n` })
  const interrupts: (() => void)[] = []
  const printed: string[] = []
  const consume = (index: number) =>
    cli('consume u -g pair -f %p:%v\\n', {
      wrote(sofar, interrupt) {
        printed[index] = sofar
        interrupts[index] = interrupt
      },
    })
  const first = consume(0)
  await expect.poll(() => printed[0]).toMatch(/0:before 0\n.*|1:before 1/)
  await expect.poll(() => printed[0]?.split('\n').length).toBe(3)
  const second = consume(1)
  await expect
    .poll(async () => (await cli('group describe pair')).lines, { timeout: 10_000, interval: 100 })
    .toEqual(expect.arrayContaining(['STATE        Stable', 'MEMBERS      2']))
  for (const partition of [0, 1]) await cli(`produce u -p ${partition}`, { input: `after ${partition}\n` })
  await expect.poll(() => printed.join('').match(/after/g)?.length, { timeout: 5_000 }).toBe(2)
  for (const interrupt of interrupts) interrupt()
  expect([(await first).code, (await second).code]).toEqual([0, 0])
  const lines = printed.map(text => text.trimEnd().split('\n'))
  expect(lines.flat().sort()).toEqual(['0:after 0', '0:before 0', '1:after 1', '1:before 1'])
  expect(lines[1]).toHaveLength(1)
  expect((await cli('group describe pair')).lines).toEqual(expect.arrayContaining(['TOTAL LAG    0']))
})
