/** `loggerhead topic …`: makes, shows, changes and removes topics. */
import type { Command } from 'commander'
import { clusterAction } from '../cluster-options.ts'
import { withChangeOptions } from '../config-changes.ts'
import { collect } from '../repeated.ts'
import type { Terminal } from '../terminal.ts'
import { alterTopics } from './topic/alter.ts'
import { createTopic } from './topic/create.ts'
import { describeTopics } from './topic/describe.ts'
import { listAll } from './topic/list.ts'
import { addPartitions, removeTopics, trimTopic } from './topic/partitions.ts'

const examples = `
Examples:
  loggerhead topic create greetings -p 3 -c retention.ms=86400000
  loggerhead topic list
  loggerhead topic describe greetings
  loggerhead topic alter greetings --set cleanup.policy=compact --delete retention.ms
  loggerhead topic add-partitions greetings --num 3
  loggerhead topic trim greetings --offset 1000 --partitions 0
  loggerhead topic delete -r '^test-'`

export function register(program: Command, terminal: Terminal): void {
  const topic = program
    .command('topic')
    .description('make, show, change and remove topics')
    .addHelpText('after', examples)
  clusterAction(
    terminal,
    topic
      .command('create')
      .description('make topics')
      .argument('<topics...>', 'their names')
      .option('-p, --partitions <count>', "how many partitions; the broker's default when left out")
      .option('-r, --replicas <count>', "how many replicas of each; the broker's default when left out")
      .option('-c, --topic-config <name=value>', 'a setting; may be repeated', collect, [])
      .option('-d, --dry', 'only check')
      .option('--if-not-exists', 'a topic that exists is fine'),
    createTopic,
  )
  clusterAction(
    terminal,
    topic
      .command('list')
      .description('list topics')
      .argument('[topics...]', 'only these, or regular expressions with --regex')
      .option('-r, --regex', 'the names are regular expressions')
      .option('-i, --internal', 'list internal topics too'),
    listAll,
  )
  clusterAction(
    terminal,
    topic
      .command('describe')
      .description('show partitions, offsets, sizes, and settings that are not the default')
      .argument('<topics...>', 'topics, or regular expressions with --regex')
      .option('-r, --regex', 'the names are regular expressions')
      .option('-s, --print-summary', 'only the summary')
      .option('-c, --print-configs', 'only the settings')
      .option('-p, --print-partitions', 'only the partitions')
      .option('-a, --print-all', 'everything, and settings with default values too'),
    describeTopics,
  )
  clusterAction(
    terminal,
    withChangeOptions(
      topic.command('alter').description('change settings of topics').argument('<topics...>', 'topics'),
    ),
    alterTopics,
  )
  clusterAction(
    terminal,
    topic
      .command('add-partitions')
      .description('add partitions; keys go elsewhere from then on')
      .argument('<topics...>', 'topics')
      .requiredOption('-n, --num <count>', 'how many more'),
    addPartitions,
  )
  clusterAction(
    terminal,
    topic
      .command('trim')
      .description('remove the oldest records of a topic')
      .argument('<topic>', 'the topic')
      .requiredOption('-o, --offset <offset>', 'the first offset that stays: a number, end, or @TIME')
      .option('-p, --partitions <numbers>', 'only these partitions, separated by commas'),
    trimTopic,
  )
  clusterAction(
    terminal,
    topic
      .command('delete')
      .description('remove topics with their records')
      .argument('<topics...>', 'topics, or regular expressions with --regex')
      .option('-r, --regex', 'the names are regular expressions'),
    removeTopics,
  )
}
