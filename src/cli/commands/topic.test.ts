import { expect, test } from 'vitest'
import { runCommand } from '../../../test/support/command-line.ts'
import { startLiveBroker } from '../../../test/support/live-broker.ts'

async function start() {
  const { broker } = await startLiveBroker()
  const env = { LOGGERHEAD_BROKERS: `127.0.0.1:${broker.port}` }
  return { broker, cli: (...args: string[]) => runCommand(args, { env }) }
}

const json = ({ lines }: { lines: string[] }) => JSON.parse(lines.join('\n'))

test('topics are created, listed, described, grown, trimmed and deleted', async () => {
  const { cli } = await start()
  const created = await cli('topic', 'create', 'a', 'b', '-p', '2', '-c', 'retention.ms=1000')
  expect(created).toMatchObject({ code: 0, lines: ['TOPIC  STATUS', 'a      OK', 'b      OK'] })
  expect((await cli('topic', 'list')).lines).toEqual([
    'NAME  PARTITIONS  REPLICAS',
    'a              2         1',
    'b              2         1',
  ])
  expect((await cli('topic', 'add-partitions', 'a', '-n', '1')).code).toBe(0)
  expect(json(await cli('topic', 'list', '-r', '^a', '--json'))).toMatchObject([{ name: 'a', partitions: 3 }])
  const described = (await cli('topic', 'describe', 'a')).lines
  expect(described).toContain('NAME        a')
  expect(described.find(line => line.startsWith('retention.ms'))).toMatch(/^retention.ms +1000 +topic$/)
  expect(described.find(line => line.includes('PARTITION '))).toMatch(/LEADER +EPOCH +REPLICAS/)
  expect(described.filter(line => /^ +\d +1 /.test(line))).toHaveLength(3)
  const [description] = json(await cli('topic', 'describe', 'b', '--json'))
  expect(description).toMatchObject({ name: 'b', internal: false })
  expect(description.partitions[0]).toMatchObject({
    partition: 0,
    leader: 1,
    logStartOffset: 0,
    endOffset: 0,
  })
  expect((await cli('topic', 'delete', '-r', '^[ab]$')).lines).toEqual([
    'TOPIC  STATUS',
    'a      OK',
    'b      OK',
  ])
  expect((await cli('topic', 'list', '--json')).lines).toEqual(['[]'])
})

test('trimming removes the oldest records of the chosen partitions', async () => {
  const { broker, cli } = await start()
  const env = { LOGGERHEAD_BROKERS: `127.0.0.1:${broker.port}` }
  await cli('topic', 'create', 't', '-p', '2')
  for (const partition of ['0', '1'])
    await runCommand(['produce', 't', '-p', partition], { env, input: '1\n2\n3\n' })
  const trimmed = json(await cli('topic', 'trim', 't', '-o', '2', '-p', '1', '--json'))
  expect(trimmed).toEqual([{ topic: 't', partition: 1, logStartOffset: 2, error: null, message: 'OK' }])
  expect((await cli('consume', 't', '-e', '-f', '%p:%v ')).lines.join().split(' ').sort()).toEqual([
    '',
    '0:1',
    '0:2',
    '0:3',
    '1:3',
  ])
  expect((await cli('topic', 'trim', 't', '-o', 'end')).code).toBe(0)
  expect((await cli('consume', 't', '-e')).lines).toEqual([])
  expect((await cli('topic', 'trim', 't', '-o', '99', '-p', '0')).lines[1]).toMatch(/OFFSET_OUT_OF_RANGE/)
})

test('what cannot be done says why, and what can be', async () => {
  const { cli } = await start()
  await cli('topic', 'create', 'greetings')
  expect(await cli('topic', 'describe', 'greetins')).toMatchObject({
    code: 1,
    notes: ['there is no topic greetins, did you mean greetings?'],
  })
  expect((await cli('topic', 'create', 'greetings')).lines[1]).toMatch(/TOPIC_ALREADY_EXISTS/)
  expect((await cli('topic', 'create', 'greetings')).code).toBe(1)
  expect((await cli('topic', 'create', 'greetings', '--if-not-exists')).code).toBe(0)
  expect((await cli('topic', 'delete', '-r', '^zz')).notes).toEqual(['no topic fits ^zz'])
  expect(await cli('topic', 'describe', '-r', '[')).toMatchObject({ code: 2 })
  expect((await cli('topic', 'create', 'x', '-p', '0')).notes).toEqual(['--partitions 0: must be at least 1'])
  expect((await cli('topic', 'alter', 'greetings')).notes[0]).toMatch(/nothing is to change/)
  expect((await cli('topic', 'lits')).notes[0]).toMatch(/unknown command 'lits' \(Did you mean list\?\)/)
})

test('the cluster is shown, and its health', async () => {
  const { broker, cli } = await start()
  const cluster = json(await cli('cluster', 'info', '--json'))
  expect(cluster).toMatchObject({ clusterId: broker.clusterId, controller: 1, topics: 0 })
  expect(cluster.brokers).toEqual([{ id: 1, host: '127.0.0.1', port: broker.port, rack: null }])
  expect((await cli('cluster', 'info')).lines[0]).toBe(`CLUSTER     ${broker.clusterId}`)
  expect(await cli('cluster', 'health')).toMatchObject({ code: 0 })
  expect(json(await cli('cluster', 'health', '-e', '--json'))).toMatchObject({
    healthy: true,
    brokersAway: [],
  })
})

test('a broker that is not there is told by one line', async () => {
  const { broker, cli } = await start()
  await broker.close()
  const { code, notes } = await cli('cluster', 'health')
  expect(code).toBe(1)
  expect(notes).toEqual([
    `no broker at 127.0.0.1:${broker.port} (connection refused): is one running? loggerhead start starts one;` +
      ' another address goes into --brokers or LOGGERHEAD_BROKERS',
  ])
  expect(await cli('topic', 'list', '-b', 'a:b')).toMatchObject({
    code: 2,
    notes: ['--brokers a:b: must be host:port, several separated by commas'],
  })
})

test('settings of topics and brokers are printed', async () => {
  const { cli } = await start()
  await cli('topic', 'create', 't', '-c', 'retention.ms=1000')
  expect(json(await cli('config', 'get', 'topic', 't', 'retention.ms', '--json'))).toEqual([
    { name: 'retention.ms', value: '1000', source: 'topic', readOnly: false, sensitive: false },
  ])
  const all = await cli('config', 'get', 'broker', '1')
  expect(all.lines[0]).toMatch(/^SETTING +VALUE +SET FOR +READ-ONLY$/)
  expect(all.lines.some(line => line.startsWith('num.partitions '))).toBe(true)
  expect((await cli('config', 'get', 'topic', 't', 'nope')).notes).toEqual(['topic t has no setting nope'])
  expect((await cli('config', 'get', 'broker', '7')).notes[0]).toMatch(/there is no broker 7, only 1/)
  expect((await cli('config', 'get', 'teapot', 't')).code).toBe(2)
})

test('settings of topics and brokers are changed, each by what it needs', async () => {
  const { cli } = await start()
  await cli('topic', 'create', 't', '-c', 'retention.ms=1000')
  const value = async (type: string, name: string, setting: string) =>
    json(await cli('config', 'get', type, name, setting, '--json'))[0].value
  expect((await cli('topic', 'alter', 't', '-s', 'retention.bytes=5', '-d', 'retention.ms')).code).toBe(0)
  expect([await value('topic', 't', 'retention.bytes'), await value('topic', 't', 'retention.ms')]).toEqual([
    '5',
    '604800000',
  ])
  await cli('config', 'set', 'topic', 't', '--append', 'cleanup.policy=compact')
  expect(await value('topic', 't', 'cleanup.policy')).toBe('delete,compact')
  await cli('config', 'set', 'topic', 't', '--subtract', 'cleanup.policy=delete')
  expect(await value('topic', 't', 'cleanup.policy')).toBe('compact')
  await cli('config', 'set', 'topic', 't', 'retention.bytes=6', '--dry')
  expect(await value('topic', 't', 'retention.bytes')).toBe('5')
  await cli('config', 'set', 'broker', 'default', 'log.cleaner.backoff.ms=14000')
  expect(await value('broker', '1', 'log.cleaner.backoff.ms')).toBe('14000')
  expect((await cli('config', 'set', 'topic', 't', 'retention.ms=soon')).lines[1]).toMatch(/INVALID_CONFIG/)
  expect((await cli('config', 'set', 'topic', 't', 'retention.ms')).notes[0]).toMatch(/must be name=value/)
  expect((await cli('config', 'set', 'topic', 'u', 'retention.ms=1')).notes[0]).toMatch(/there is no topic u/)
})

test('quotas are set, found by what they are for, and removed', async () => {
  const { cli } = await start()
  const set = (...args: string[]) => cli('quota', 'set', ...args)
  expect(
    (await set('--name', 'client-id=a', 'producer_byte_rate=1000', 'request_percentage=50.5')).code,
  ).toBe(0)
  await set('--default', 'user', 'consumer_byte_rate=2000')
  expect((await cli('quota', 'get')).lines).toEqual([
    'ENTITY          QUOTA               VALUE',
    'client-id=a     producer_byte_rate   1000',
    'client-id=a     request_percentage   50.5',
    'user=<default>  consumer_byte_rate   2000',
  ])
  expect(json(await cli('quota', 'get', '--default', 'user', '--json'))).toEqual([
    { entity: { user: null }, values: { consumer_byte_rate: 2000 } },
  ])
  await set('--name', 'client-id=a', '-d', 'producer_byte_rate', '-d', 'request_percentage')
  expect(json(await cli('quota', 'get', '--any', 'client-id', '--json'))).toEqual([])
  for (const args of [
    ['x=1'],
    ['--name', 'planet=mars', 'x=1'],
    ['--name', 'user=a', 'x=y'],
    ['--name', 'user=a'],
  ])
    expect((await set(...args)).code).toBe(2)
})

test.each(['bash', 'zsh', 'fish'])(
  '%s gets a script that knows verbs, their verbs, and options',
  async shell => {
    const { code, lines } = await runCommand(['completion', shell])
    const script = lines.join('\n')
    expect(code).toBe(0)
    for (const word of [
      'add-partitions',
      'consume',
      shell === 'fish' ? '-l fetch-max-wait' : '--fetch-max-wait',
    ])
      expect(script).toContain(word)
  },
)
