import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/loggerhead.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'loggerhead-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(args: string[], env: Record<string, string> = {}) {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(KAFKA|LOGGERHEAD)_/.test(name)),
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
    env: { ...clean, ...env },
  })
  return { status, lines: stdout.trimEnd().split('\n'), errors: stderr.trimEnd().split('\n') }
}

/** Runs the command as an older Node would, as far as a program can tell. */
function runAsNode(version: string) {
  const script = `Object.defineProperty(process, 'version', { value: 'v${version}' })
    Object.defineProperty(process, 'versions', { value: { node: '${version}' } })
    process.argv = [process.execPath, ${JSON.stringify(bin)}, '--version']
    require(${JSON.stringify(bin)})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('prints its version', () => {
  const { status, lines } = run(['--version'])
  expect(status).toBe(0)
  expect(lines).toEqual([expect.stringMatching(/^loggerhead \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+\)$/)])
})

test('says in one line that Node is too old', () => {
  expect(runAsNode('22.21.9')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'loggerhead needs Node 22.22 or newer; this is v22.21.9\n',
  })
  expect(runAsNode('18.0.0').status).toBe(1)
  expect(runAsNode('22.22.0').status).toBe(0)
})

test('shows help with examples, for all and for one command', () => {
  for (const args of [[], ['--help'], ['help']]) {
    const { status, lines } = run(args)
    expect(status).toBe(0)
    const text = lines.join('\n')
    for (const verb of ['start', 'config', 'dump', 'check', 'repair', 'decode', 'encode'])
      expect(text).toContain(`  ${verb} `)
    expect(text).toContain('Examples:')
  }
  expect(run(['start', '--help']).lines.join('\n')).toContain('--set advertised.listeners=')
})

test.each([
  [['konfig'], "unknown command 'konfig' (Did you mean config?); see loggerhead --help"],
  [['config', '--sett', 'a=b'], "unknown option '--sett' (Did you mean --set?); see loggerhead --help"],
  [['dump'], "missing required argument 'file'; see loggerhead --help"],
  [['config', '--set', 'a'], '--set a: must be name=value, such as num.partitions=3'],
  [['config', '--config', '/nowhere'], '--config /nowhere cannot be read (ENOENT)'],
  [
    ['config', '--port', 'x'],
    'listeners (--port) has PLAINTEXT://localhost:x: must be NAME://HOST:PORT, such as PLAINTEXT://localhost:9092',
  ],
  [
    ['start', '--set', 'num.partitions=0'],
    'num.partitions=0 (--set): must be a whole number from 1 to 2147483647',
  ],
])('refuses %o in one line and exits with 2', (args, line) => {
  expect(run(args)).toMatchObject({ status: 2, errors: [`loggerhead: ${line}`] })
})

test('exits with 1 when a file is missing', () => {
  const path = join(folder, '00000000000000000000.log')
  expect(run(['dump', path])).toMatchObject({ status: 1, errors: [`loggerhead: ${path} does not exist`] })
})

test('prints the settings in force with their origin, and no secrets', () => {
  const path = join(folder, 'server.properties')
  writeFileSync(path, '# mine\nnum.partitions=4\nssl.key.password=open sesame\n')
  const { status, lines, errors } = run(['config', '--config', path, '--port', '0', '--data', '/d'], {
    KAFKA_BROKER_RACK: 'r1',
  })
  const rows = lines.map(line => line.replace(/ +# /, ' # '))
  expect(status).toBe(0)
  expect(rows).toContain(`num.partitions=4 # ${path}:2`)
  expect(rows).toContain('broker.rack=r1 # KAFKA_BROKER_RACK')
  expect(rows).toContain('listeners=PLAINTEXT://localhost:0 # --port')
  expect(rows).toContain('log.dirs=/d # --data')
  expect(rows).toContain(`ssl.key.password=[hidden] # ${path}:3`)
  expect(rows).toContain('delete.topic.enable=true # default')
  expect(errors).toEqual([
    `loggerhead: settings without effect in this version: ssl.key.password (${path}:3)`,
  ])
})

test('lets --set beat the friendly flags, whatever their order', () => {
  const { lines } = run(['config', '--set', 'log.dirs=/set', '--data', '/data'])
  expect(lines.find(line => line.startsWith('log.dirs='))).toContain('/set')
})

test('a broker whose log nobody reads any more serves on', async () => {
  const args = ['start', '--port', '0', '--set', 'loggerhead.http.port=-1', '--data', join(folder, 'unread')]
  const broker = spawn(process.execPath, [bin, ...args])
  try {
    const [line] = (await once(broker.stdout, 'data')) as [Buffer]
    const [{ port }] = (JSON.parse(String(line)) as { listeners: [{ port: number }] }).listeners
    broker.stdout.destroy()
    for (let round = 0; round < 2; round++) {
      const client = connect(port, '127.0.0.1')
      await once(client, 'connect')
      client.write('GET / HTTP/1.1\r\n\r\n') // no Kafka request: closed, with a line in the log
      client.on('error', () => {})
      await once(client, 'close')
    }
    expect(broker.exitCode).toBeNull()
    broker.kill('SIGTERM')
    expect(await once(broker, 'exit')).toEqual([0, null])
  } finally {
    broker.kill('SIGKILL')
  }
})
