// Installs the locked dependencies when they are missing or out of date, with whichever Node and npm the
// machine has. `npm start` and `npm test` call it first, so a fresh clone needs no step before them.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.loggerhead-setup')
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const wanted = `${lock} ${process.platform} ${process.arch}`

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.error('loggerhead: installing dependencies (once, about 20 s)')
  const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' }
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], options)
  if (result.status !== 0) {
    console.error('loggerhead: `npm ci` failed; its message is above. Nothing was started.')
    process.exit(1)
  }
  writeFileSync(stamp, wanted)
}
