/** The package as users get it: packed, installed into an empty folder, run. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

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
})

test('runs by the name of the package', () => {
  const version = execFileSync('npx', ['--no-install', 'loggerhead', '--version'], {
    cwd: installed,
    env,
    encoding: 'utf8',
  })
  expect(version).toMatch(/^loggerhead \d+\.\d+\.\d+ /)
})

test('starts a broker that answers, and ends with 0 when it is told to stop', async () => {
  const ready = await start(['start', '--port', '0', '--data', join(folder, 'data'), '--json'])
  expect(await askVersions(ready.listeners[0]!.port)).toBeGreaterThan(10)
  const ended = new Promise(resolve => broker!.once('exit', (code, signal) => resolve({ code, signal })))
  broker!.kill('SIGTERM')
  expect(await ended).toEqual({ code: 0, signal: null })
})

test('can be embedded', () => {
  const script = `
    import { createBroker } from 'loggerhead'
    const broker = await createBroker({ port: 0 })
    console.log(broker.listeners[0].port > 0)
    await broker.close()`
  const args = ['--input-type=module', '--eval', script]
  expect(execFileSync(process.execPath, args, { cwd: installed, encoding: 'utf8' })).toContain('true\n')
})

/** Resolves with the fields of the line that says that the broker is ready. */
function start(args: string[]): Promise<{ listeners: { host: string; port: number }[] }> {
  broker = spawn(process.execPath, [bin, ...args], { cwd: installed, stdio: ['ignore', 'pipe', 'pipe'] })
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

/** Sends ApiVersions version 0 and gives the number of APIs in the answer. */
function askVersions(port: number): Promise<number> {
  // length 12, API 18, version 0, correlation id 7, client id "me"
  const request = Buffer.from('0000000c' + '0012' + '0000' + '00000007' + '0002' + '6d65', 'hex')
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.once('error', reject)
    socket.once('data', (bytes: Buffer) => {
      socket.destroy()
      expect(bytes.readInt32BE(4)).toBe(7)
      resolve(bytes.readInt32BE(10))
    })
  })
}
