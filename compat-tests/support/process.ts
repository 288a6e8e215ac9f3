/**
 * Child processes of the suites: commands that run to their end, and long-running ones whose output goes to a
 * file. Invariant: no child outlives the process that started it, whatever way that process ends short of SIGKILL.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const children = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of children) signalTree(child, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** Children that were started as leaders of a group are signalled with all that they have started. */
const leaders = new WeakSet<ChildProcess>()

function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(leaders.has(child) ? -child.pid : child.pid, signal)
  } catch {
    // It has ended by itself.
  }
}

export interface Finished {
  /** The exit code; a process ended by a signal, ours at the time limit included, has -1. */
  code: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string | Buffer
  timeoutMs?: number
  cwd?: string
  env?: NodeJS.ProcessEnv
}

/** Runs a command to its end. A non-zero exit is an answer, not an exception; a command that is missing throws. */
export function run(
  command: string,
  args: readonly string[],
  { input, timeoutMs = 60_000, ...options }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options })
    children.add(child)
    let stdout = ''
    let stderr = ''
    const deadline = setTimeout(() => {
      stderr += `\nended after ${timeoutMs} ms`
      child.kill('SIGKILL')
    }, timeoutMs)
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    // A command may end without reading its input.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const settled = () => {
      clearTimeout(deadline)
      children.delete(child)
    }
    child.on('error', error => {
      settled()
      reject(error)
    })
    child.on('close', code => {
      settled()
      resolve({ code: code ?? -1, stdout, stderr })
    })
  })
}

/** Runs a command that must succeed, and gives its standard output. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}\n${stderr}\n${stdout}`)
  return stdout
}

export interface Launched {
  readonly pid: number
  /** Resolves with the exit code when the process has ended; -1 for an end by signal. */
  readonly ended: Promise<number>
  readonly isRunning: boolean
  kill(signal: NodeJS.Signals): void
}

/** Starts a long-running process, in a process group of its own, whose output is appended to a file. */
export function launch(
  command: string,
  args: readonly string[],
  logFile: string,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Launched {
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true, ...options })
  leaders.add(child)
  closeSync(log)
  return follow(child)
}

/** Starts a process whose standard output is handed over line by line; its standard error goes to a file. */
export function launchLines(
  command: string,
  args: readonly string[],
  logFile: string,
  onLine: (line: string) => void,
): Launched & { write(text: string): void } {
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', log] })
  closeSync(log)
  let partial = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (partial + text).split('\n')
    partial = lines.pop()!
    for (const line of lines) onLine(line)
  })
  child.stdin!.on('error', () => {})
  return Object.assign(follow(child), { write: (text: string) => void child.stdin!.write(text) })
}

function follow(child: ChildProcess): Launched {
  children.add(child)
  let isRunning = true
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', code => {
      isRunning = false
      children.delete(child)
      resolve(code ?? -1)
    })
  })
  ended.catch(() => {})
  return {
    pid: child.pid ?? -1,
    ended,
    get isRunning() {
      return isRunning
    },
    kill: signal => signalTree(child, signal),
  }
}

/** A TCP port of the loopback address that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

export function lastLines(file: string, count = 15): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return '(no log)'
  }
}

export const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/** Polls until `condition` gives something other than undefined, null or false. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
  everyMs = 50,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== null && value !== false)
      return value as NonNullable<Exclude<T, false>>
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`)
    await sleep(everyMs)
  }
}
