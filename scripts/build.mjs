// Builds dist from nothing, so that what an earlier build left behind is never shipped: the types by tsc, which also checks them,
// and the code as few files.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const options = { cwd: root, stdio: 'inherit' }
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], options)
if (status === 0) await bundle(dist)
process.exitCode = status ?? 1
