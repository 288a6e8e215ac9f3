/**
 * The `loggerhead` command. Only the module of the verb that was typed is loaded, so that each starts fast; help
 * and completion load all of them.
 *
 * Exit codes: 0 done, 1 it failed or found damage, 2 the command line or a setting is wrong.
 */
import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { explain } from './failure.ts'
import { whenReaderGoes } from './output.ts'
import { processTerminal, type Terminal } from './terminal.ts'

interface Verb {
  register(program: Command, terminal: Terminal): void
}

const verbs: Record<string, () => Promise<Verb>> = {
  start: () => import('./commands/start.ts'),
  topic: () => import('./commands/topic.ts'),
  produce: () => import('./commands/produce.ts'),
  consume: () => import('./commands/consume.ts'),
  group: () => import('./commands/group.ts'),
  cluster: () => import('./commands/cluster.ts'),
  config: () => import('./commands/config.ts'),
  quota: () => import('./commands/quota.ts'),
  dump: () => import('./commands/dump.ts'),
  check: () => import('./commands/check.ts'),
  repair: () => import('./commands/repair.ts'),
  decode: () => import('./commands/decode.ts'),
  encode: () => import('./commands/encode.ts'),
  completion: () => import('./commands/completion.ts'),
}

const examples = `
Examples:
  loggerhead start                                  a broker on localhost:9092, data in ./data
  loggerhead start --dev --port 0 --data /tmp/lab   for tests: any free port, acks not synced
  loggerhead start --config server.properties --set log.retention.hours=24
  loggerhead topic create greetings --partitions 3
  echo hello | loggerhead produce greetings
  loggerhead consume greetings --offset start
  loggerhead group describe readers                 who reads what, and how far behind it is
  loggerhead config                                 the settings in force, and where each comes from
  loggerhead dump data/greetings-0/00000000000000000000.log
  loggerhead check data                             looks for damage in a data folder
  loggerhead decode HeartbeatResponse 1 00000000001b

Help for one command: loggerhead help start`

/** Runs one command line; sets the exit code of the process, never throws. */
export async function run(args: readonly string[], terminal?: Terminal): Promise<void> {
  if (!terminal) whenReaderGoes(process.stdout, args[0] === 'start' ? 'go on' : 'end')
  const shown = terminal ?? processTerminal()
  try {
    const program = await programFor(args, shown)
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    const { lines, exitCode } = error instanceof CommanderError ? usageError(error) : explain(error)
    for (const line of lines) shown.note(line)
    shown.exit(exitCode)
  }
}

async function programFor(args: readonly string[], terminal: Terminal): Promise<Command> {
  const program = new Command('loggerhead')
    .description('A Kafka broker for people who build on Node, and commands for any Kafka cluster.')
    .version(versionLine(), '-V, --version', 'print the version')
    .addHelpText('after', examples)
    .showSuggestionAfterError(true)
    .configureOutput({ outputError: () => {}, writeOut: text => void terminal.write(text) })
    .exitOverride()
  for (const name of verbsFor(args[0] ?? '')) (await verbs[name]!()).register(program, terminal)
  if (args.length === 0) program.action(() => program.outputHelp())
  return program
}

/** The modules that a command line needs: help, completion and mistyped words want to know all verbs. */
function verbsFor(word: string): readonly string[] {
  if (word === '--version' || word === '-V') return []
  return Object.hasOwn(verbs, word) && word !== 'completion' ? [word] : Object.keys(verbs)
}

function usageError(error: CommanderError): { lines: string[]; exitCode: number } {
  if (error.exitCode === 0 || error.code === 'commander.help') return { lines: [], exitCode: error.exitCode }
  return {
    lines: [`${error.message.replace(/^error: /, '')}; see loggerhead --help`.replace('\n', ' ')],
    exitCode: 2,
  }
}

function versionLine(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  return `loggerhead ${version} (Node ${process.versions.node})`
}
