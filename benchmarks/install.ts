/** Loggerhead as `npm install` would leave it in a folder: what is measured is the package, not the checkout. */
import { cp, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOrThrow } from '../compat-tests/support/process.ts'

export const repository = fileURLToPath(new URL('..', import.meta.url))
export const node = join(repository, 'node_modules/.bin/node')

export const packageIn = (folder: string) => join(folder, 'package')

/** Without types: type errors of work in progress do not keep anyone from measuring it. */
export async function installPackage(folder: string): Promise<void> {
  const target = packageIn(folder)
  await mkdir(target, { recursive: true })
  await cp(join(repository, 'bin'), join(target, 'bin'), { recursive: true })
  await cp(join(repository, 'package.json'), join(target, 'package.json'))
  await symlink(join(repository, 'node_modules'), join(target, 'node_modules'))
  const script = `
    import { bundle } from ${JSON.stringify(join(repository, 'scripts/bundle.mjs'))}
    await bundle(${JSON.stringify(join(target, 'dist'))})`
  await runOrThrow(node, ['--input-type=module', '--eval', script], { timeoutMs: 60_000 })
}
