/** The package as users get it: packed, installed into an empty folder, run. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiVersions } from '../src/protocol/messages/api-versions.ts'
import { createTopic, fetchAll, produce } from './support/live-broker.ts'
import { RawClient } from './support/raw-client.ts'

const root = dirname(import.meta.dirname)
const folder = mkdtempSync(join(tmpdir(), 'loggerhead-package-'))
const installed = join(folder, 'app')
const bin = join(installed, 'node_modules', 'loggerhead', 'bin', 'loggerhead.js')
/** The machine's own Node may be too old for the package; its npm will do. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` }
let broker: ChildProcess | undefined

/** Packing builds; the dependencies come from npm's cache where it has them. */
beforeAll(() => {
  execFileSync('npm', ['pack', '--pack-destination', folder, '--loglevel=error'], {
    cwd: root,
    stdio: 'pipe',
  })
  mkdirSync(installed)
  writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }')
  const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'))!
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', ['install', ...flags, join(folder, tarball)], { cwd: installed, stdio: 'pipe' })
}, 120_000)

afterAll(() => {
  broker?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

test('holds what runs and what is read, and nothing else', () => {
  expect(readdirSync(join(installed, 'node_modules', 'loggerhead')).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'package.json',
  ])
  const files = readdirSync(join(installed, 'node_modules', 'loggerhead', 'dist'), {
    recursive: true,
  }) as string[]
  expect(files.filter(name => /\.(test|contract|fuzz)\.|testdata/.test(name))).toEqual([])
  expect(files).toContain(join('cli', 'main.js'))
  expect(files).toContain('index.d.ts')
  // A broker is a few files, because each of them costs its start a millisecond.
  expect(files.filter(name => name.endsWith('.js')).length).toBeLessThan(50)
})

test('runs by the name of the package', () => {
  const version = execFileSync('npx', ['--no-install', 'loggerhead', '--version'], {
    cwd: installed,
    env,
    encoding: 'utf8',
  })
  expect(version).toMatch(/^loggerhead \d+\.\d+\.\d+ /)
})

test('starts a broker that keeps records and gives them back, and ends with 0 when it is told to stop', async () => {
  const data = join(folder, 'data')
  const ready = await start(['start', '--port', '0', '--http-port', '0', '--data', data, '--json'])
  const client = await RawClient.connect(ready.listeners[0]!.port)
  expect((await client.request(ApiVersions, 0, {})).apiKeys.length).toBeGreaterThan(10)
  await createTopic(client, 'greetings')
  expect(await produce(client, 'greetings', ['hello', 'world'])).toMatchObject({
    errorCode: 0,
    baseOffset: 0,
  })
  expect(await fetchAll(client, 'greetings')).toEqual(['hello', 'world'])
  await client.close()
  const ended = new Promise(resolve => broker!.once('exit', (code, signal) => resolve({ code, signal })))
  broker!.kill('SIGTERM')
  expect(await ended).toEqual({ code: 0, signal: null })
  const segment = join(data, 'greetings-0', '00000000000000000000.log')
  const dump = execFileSync(process.execPath, [bin, 'dump', segment], { encoding: 'utf8' })
  expect(dump).toContain('records 2 ')
})

test.each(['memory', 'disk'])('can be embedded, with its data in %s', async place => {
  const dataDir = place === 'disk' ? join(folder, 'embedded') : undefined
  const script = `
    import { createBroker } from 'loggerhead'
    const broker = await createBroker(${JSON.stringify({ dataDir })})
    console.log(JSON.stringify({ event: 'ready', listeners: broker.listeners }))
    process.stdin.once('data', () => broker.close().then(() => process.stdin.destroy()))`
  const ready = await run(['--input-type=module', '--eval', script])
  const client = await RawClient.connect(ready.listeners[0]!.port)
  await createTopic(client, 'greetings')
  await produce(client, 'greetings', ['hello'])
  expect(await fetchAll(client, 'greetings')).toEqual(['hello'])
  await client.close()
  const ended = new Promise(resolve => broker!.once('exit', resolve))
  broker!.stdin!.write('stop')
  expect(await ended).toBe(0) // nothing of it keeps the process alive
})

test('brings its types', () => {
  const file = join(installed, 'embedded.ts')
  writeFileSync(
    file,
    `import { type BrokerOptions, createBroker } from 'loggerhead'
    const options: BrokerOptions = { port: 0, logLevel: 'warn' }
    const broker = await createBroker(options)
    const port: number = broker.listeners[0]!.port
    // @ts-expect-error: a port is no text
    const text: string = port
    const settings: BrokerOptions = { config: { 'num.partitions': 3, 'log.cleanup.policy': ['compact'] } }
    // @ts-expect-error: nobody knows it
    const unknown: BrokerOptions = { config: { 'num.partition': 3 } }
    broker.faults.error('Produce', 'NOT_LEADER_OR_FOLLOWER', { topic: 't', times: 2 }).remove()
    // @ts-expect-error: no error of Kafka
    broker.faults.error('Produce', 'NOT_LEADER')
    const [record] = await broker.records<{ total: number }>('t', { as: 'json' })
    const total: number | undefined = record?.value.total
    console.log(text, settings, unknown, total)`,
  )
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--lib', 'esnext']
  const typeRoots = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
  execFileSync(process.execPath, [tsc, ...flags, ...typeRoots, file], { cwd: installed, stdio: 'pipe' })
})

test('gives tests of vitest a broker', () => {
  symlinkSync(join(root, 'node_modules', 'vitest'), join(installed, 'node_modules', 'vitest'))
  writeFileSync(
    join(installed, 'broker.test.mjs'),
    `import { test } from 'loggerhead/vitest'
    import { expect } from 'vitest'
    for (const name of ['first', 'second'])
      test(name, async ({ broker }) => {
        await broker.produce('t', [{ value: name }])
        expect(await broker.records('t')).toMatchObject([{ value: name }])
      })`,
  )
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const report = join(folder, 'vitest.json')
  const flags = ['--root', installed, '--reporter=json', `--outputFile=${report}`]
  execFileSync(process.execPath, [vitest, 'run', ...flags], { cwd: installed, stdio: 'pipe' })
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ numPassedTests: 2, numFailedTests: 0 })
})

interface Ready {
  listeners: { host: string; port: number }[]
}

function start(args: string[]): Promise<Ready> {
  return run([bin, ...args])
}

/** Resolves with the fields of the line that says that the broker is ready. */
function run(args: string[]): Promise<Ready> {
  broker = spawn(process.execPath, args, { cwd: installed, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  return new Promise((resolve, reject) => {
    const read = (bytes: Buffer) => {
      output += bytes
      const ready = output.split('\n').find(line => line.includes('"event":"ready"'))
      if (ready) resolve(JSON.parse(ready))
    }
    broker!.stdout!.on('data', read)
    broker!.stderr!.on('data', read)
    broker!.once('exit', code => reject(new Error(`the broker ended with ${code}: ${output}`)))
  })
}
