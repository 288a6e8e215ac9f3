/** Changes of settings as a command line gives them, for `topic alter` and `config set`. */
import type { Command } from 'commander'
import type { ConfigChange } from '../client/configs.ts'
import { UsageError } from './failure.ts'
import { collect, parsePair } from './repeated.ts'

export interface ChangeOptions {
  set: string[]
  delete: string[]
  append: string[]
  subtract: string[]
  dry?: boolean
}

export function withChangeOptions(command: Command): Command {
  return command
    .option('-s, --set <name=value>', 'set a setting; may be repeated', collect, [])
    .option('-d, --delete <name>', 'go back to the default; may be repeated', collect, [])
    .option('--append <name=value>', 'add to a list; may be repeated', collect, [])
    .option('--subtract <name=value>', 'take out of a list; may be repeated', collect, [])
    .option('--dry', 'only check')
}

/** `pairs` are further settings to set. */
export function changesFrom(options: ChangeOptions, pairs: readonly string[] = []): ConfigChange[] {
  const withValue = (operation: 'set' | 'append' | 'subtract', texts: readonly string[], what: string) =>
    texts.map((text): ConfigChange => {
      const [name, value] = parsePair(text, what)
      return { operation, name, value }
    })
  const changes = [
    ...withValue('set', pairs, 'setting'),
    ...withValue('set', options.set, '--set'),
    ...options.delete.map((name): ConfigChange => ({ operation: 'delete', name, value: null })),
    ...withValue('append', options.append, '--append'),
    ...withValue('subtract', options.subtract, '--subtract'),
  ]
  if (changes.length === 0) throw new UsageError('nothing is to change: give name=value, or --delete name')
  return changes
}
