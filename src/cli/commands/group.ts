/** `loggerhead group …`: shows groups, moves their offsets, removes them. */
import type { Command } from 'commander'
import { type ClusterOptions, clusterAction, withClient, withClusterOptions } from '../cluster-options.ts'
import type { Terminal } from '../terminal.ts'
import { describeGroups } from './group/describe.ts'
import { listAll, removeGroups } from './group/list.ts'
import { seekGroup } from './group/seek.ts'

const examples = `
Examples:
  loggerhead group list
  loggerhead group describe readers
  loggerhead group seek readers --to start
  loggerhead group seek readers --to @2026-03-01T12:00:00Z --topics greetings --dry
  loggerhead group seek readers --to-file offsets.txt         lines as greetings:0:47
  loggerhead group delete readers`

export function register(program: Command, terminal: Terminal): void {
  const group = program
    .command('group')
    .description('show, move and remove groups')
    .addHelpText('after', examples)
  const list = group.command('list').description('list the groups of all brokers')
  withClusterOptions(list).action((options: ClusterOptions) =>
    withClient(options, terminal, client => listAll(client, terminal, options)),
  )
  clusterAction(
    terminal,
    group.command('describe').description('show members, offsets and lag').argument('<groups...>', 'groups'),
    describeGroups,
  )
  clusterAction(
    terminal,
    group
      .command('seek')
      .description('move the offsets of a group without members')
      .argument('<group>', 'the group')
      .option('--to <offset>', 'start, end, 47, +10 (behind the start), -10 (before the end) or @TIME')
      .option('--to-group <group>', 'take the offsets of another group')
      .option('--to-file <path>', 'take the offsets of a file with lines as topic:partition:offset')
      .option('--topics <names>', 'only these topics, separated by commas (default: those with offsets)')
      .option('--dry', 'only show what would change'),
    seekGroup,
  )
  clusterAction(
    terminal,
    group
      .command('delete')
      .description('remove groups without members, with their offsets')
      .argument('<groups...>', 'groups'),
    removeGroups,
  )
}
