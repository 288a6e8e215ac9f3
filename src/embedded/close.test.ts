import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'

test('no socket, timer or file is left, also with clients that stay', async () => {
  const { left, code } = await runToItsEnd()
  expect(left).toEqual([])
  expect(code).toBe(0)
})

/** In a process of its own, in which nothing else lives: it ends by itself, or does not. */
async function runToItsEnd(): Promise<{ left: string[]; code: number | null }> {
  const script = new URL('../../test/support/close-and-tell.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes
  })
  const deadline = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  clearTimeout(deadline)
  return { left: output.split('\n').filter(Boolean), code }
}
