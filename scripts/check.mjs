// What `npm test` runs: formatting and lint, types, all tests. Arguments go to vitest (`npm test -- src/broker`).
// The last line is `N passed, N failed`; Biome and the compiler count as one each.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const scratch = mkdtempSync(join(tmpdir(), 'loggerhead-check-'))
const report = join(scratch, 'vitest.json')
const startedMs = Date.now()

const lint = run('biome', [join(modules, '@biomejs', 'biome', 'bin', 'biome'), 'check', '.'])
const types = run('types', [join(modules, 'typescript', 'bin', 'tsc'), '--noEmit'])
const results = await Promise.all([lint, types])
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const vitest = [join(modules, 'vitest', 'vitest.mjs'), 'run', ...reporters, ...process.argv.slice(2)]
results.push(await run('vitest', vitest))

const counts = countTests(results.at(-1).passed)
for (const { passed } of results.slice(0, 2)) counts[passed ? 'passed' : 'failed']++
rmSync(scratch, { recursive: true, force: true })
console.log('')
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${seconds.toFixed(1)} s`)
}
console.log(`in ${((Date.now() - startedMs) / 1000).toFixed(0)} s`)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

/** Shows what the command prints; Biome and the compiler run side by side, and are quiet when all is well. */
function run(name, args) {
  const before = Date.now()
  return new Promise(resolve => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('close', code => resolve({ name, passed: code === 0, seconds: (Date.now() - before) / 1000 }))
  })
}

/** A file that could not be loaded, or an error outside of all tests, counts as one failure. */
function countTests(vitestPassed) {
  try {
    const { numPassedTests: passed, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
    const broken = testResults.filter(
      file => file.status === 'failed' && !file.assertionResults.some(isFailed),
    )
    const failed = numFailedTests + broken.length
    return { passed, failed: failed === 0 && !vitestPassed ? 1 : failed }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

function isFailed({ status }) {
  return status === 'failed'
}
