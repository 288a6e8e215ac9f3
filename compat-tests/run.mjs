// Runs the compat suites from a clean clone: installs the clients, checks the types, plays all scenarios.
//   node compat-tests/run.mjs [--node-22] [vitest filters]
// --node-22 plays them on the oldest Node that Loggerhead supports, broker and Node clients alike.
// Last line: `N passed, N failed`; scenarios that could not run here are counted in a line of their own before it.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)
const modules = join(root, 'node_modules')
const filters = process.argv.slice(2)
const isOldNode = filters[0] === '--node-22'
if (isOldNode) filters.shift()

install(root, [join(root, 'scripts', 'setup.mjs')])
installClients()

const node = isOldNode ? oldestNode() : join(modules, '.bin', 'node')
const scratch = mkdtempSync(join(tmpdir(), 'loggerhead-compat-run-'))
const report = join(scratch, 'vitest.json')
const types = await run([
  join(modules, 'typescript', 'bin', 'tsc'),
  '--noEmit',
  '-p',
  join(here, 'tsconfig.json'),
])
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const config = ['--config', join(here, 'vitest.config.ts')]
const suites = await run([join(modules, 'vitest', 'vitest.mjs'), 'run', ...config, ...reporters, ...filters])

const counts = countTests()
counts[types === 0 ? 'passed' : 'failed']++
rmSync(scratch, { recursive: true, force: true })
if (counts.skipped > 0) console.log(`${counts.skipped} skipped`)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

function install(cwd, args) {
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: 'inherit' })
  if (status !== 0) fail('the installation failed; its message is above')
}

function installClients() {
  const stamp = join(here, 'node_modules', '.loggerhead-setup')
  const lock = createHash('sha256')
    .update(readFileSync(join(here, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('compat-tests: installing clients (once)')
  const options = { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] }
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], options)
  if (status !== 0) fail('`npm ci` failed; its message is above')
  writeFileSync(stamp, lock)
}

function oldestNode() {
  const path = join(here, 'node_modules', `node-22-linux-${process.arch}`, 'bin', 'node')
  if (!existsSync(path))
    fail(`there is no Node 22 for ${process.platform} ${process.arch} in compat-tests/package.json`)
  return path
}

function fail(why) {
  console.error(`compat-tests: ${why}`)
  console.log('0 passed, 1 failed')
  process.exit(1)
}

function run(args) {
  return new Promise(resolve => {
    const env = { ...process.env, COMPAT_NODE: node }
    const child = spawn(node, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => child.kill(signal))
    child.on('close', code => resolve(code))
  })
}

/** A file that could not be loaded, or a broker that died between scenarios, counts as one failure. */
function countTests() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    const isFailed = ({ status }) => status === 'failed'
    const broken = testResults.filter(file => isFailed(file) && !file.assertionResults.some(isFailed)).length
    const failed = numFailedTests + broken
    return {
      passed: numPassedTests,
      failed: failed === 0 && suites !== 0 ? 1 : failed,
      skipped: numPendingTests,
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}
