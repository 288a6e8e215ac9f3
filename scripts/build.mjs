// Compiles src to dist, from nothing: what an earlier build left behind is never shipped.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
rmSync(join(root, 'dist'), { recursive: true, force: true })
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const options = { cwd: root, stdio: 'inherit' }
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], options)
process.exit(status ?? 1)
