/** Loggerhead as `npm install` would leave it in a folder: what is measured is the package, not the checkout. */
import { cp, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../compat-tests/support/process.ts'

export const repository = fileURLToPath(new URL('..', import.meta.url))
export const node = join(repository, 'node_modules/.bin/node')

export const packageIn = (folder: string) => join(folder, 'package')

export async function installPackage(folder: string): Promise<void> {
  const target = packageIn(folder)
  await mkdir(target, { recursive: true })
  await cp(join(repository, 'bin'), join(target, 'bin'), { recursive: true })
  await cp(join(repository, 'package.json'), join(target, 'package.json'))
  await symlink(join(repository, 'node_modules'), join(target, 'node_modules'))
  const tsc = join(repository, 'node_modules/typescript/bin/tsc')
  const options = ['-p', 'tsconfig.build.json', '--outDir', join(target, 'dist')]
  const { code, stdout } = await run(node, [tsc, ...options], { cwd: repository, timeoutMs: 300_000 })
  // Type errors of work in progress do not keep anyone from measuring it.
  if (code !== 0) console.error(`the package compiles with errors:\n${stdout}`)
}
