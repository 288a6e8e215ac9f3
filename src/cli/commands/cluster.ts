/** `loggerhead cluster …`: who is in the cluster, and whether all is well. */
import type { Command } from 'commander'
import { NodeClock } from '../../base/node/node-clock.ts'
import { ConnectionError } from '../../client/connection-error.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { pause } from '../../client/retry.ts'
import { type ClusterHealth, readHealth } from '../cluster-health.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../cluster-options.ts'
import { parseCount } from '../numbers.ts'
import { printResult } from '../results.ts'
import { pairLines, tableLines } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface HealthOptions extends ClusterOptions {
  exitWhenHealthy?: boolean
}

const TRY_AGAIN_MS = 200
const NAMES_MAX = 10

const examples = `
Examples:
  loggerhead cluster info
  loggerhead cluster health                     exit code 1 when something is wrong
  loggerhead cluster health -e --timeout 30     waits until all is well, as scripts want that have just started a broker`

export function register(program: Command, terminal: Terminal): void {
  const cluster = program
    .command('cluster')
    .description('show brokers, and whether all is well')
    .addHelpText('after', examples)
  withClusterOptions(
    cluster.command('info').alias('metadata').description('show brokers, controller and topics'),
  ).action((options: ClusterOptions) =>
    withClient(options, terminal, client => showCluster(client, terminal, options)),
  )
  withClusterOptions(
    cluster
      .command('health')
      .description('look for brokers that are away and partitions without leader or with too few replicas')
      .option('-e, --exit-when-healthy', 'wait until all is well'),
  ).action((options: HealthOptions) => showHealth(terminal, options))
}

async function showCluster(client: KafkaClient, terminal: Terminal, options: ClusterOptions): Promise<void> {
  const topics = await client.refresh(null)
  const { clusterId, controllerId, brokers } = client.view
  const nodes = [...brokers.values()].sort((a, b) => a.nodeId - b.nodeId)
  const partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 0)
  const value = {
    clusterId,
    controller: controllerId,
    brokers: nodes.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack })),
    topics: topics.length,
    partitions,
  }
  await printResult(terminal, options, value, () => [
    ...pairLines([
      ['CLUSTER', clusterId],
      ['CONTROLLER', controllerId],
      ['TOPICS', topics.length],
      ['PARTITIONS', partitions],
    ]),
    '',
    ...tableLines(
      ['BROKER', 'HOST', 'PORT', 'RACK'],
      nodes.map(({ nodeId, host, port, rack }) => [nodeId, host, port, rack]),
    ),
  ])
}

async function showHealth(terminal: Terminal, options: HealthOptions): Promise<void> {
  const health = options.exitWhenHealthy
    ? await waitForHealth(terminal, options)
    : await withClient(options, terminal, readHealth)
  await printResult(terminal, options, health, () =>
    pairLines([
      ['HEALTHY', health.healthy],
      ['CONTROLLER', health.controller],
      ['BROKERS', namesText(health.brokers)],
      ['BROKERS AWAY', namesText(health.brokersAway)],
      ['WITHOUT LEADER', namesText(health.leaderless)],
      ['TOO FEW REPLICAS', namesText(health.underReplicated)],
    ]),
  )
  if (!health.healthy) terminal.exit(1)
}

/** The first few; JSON has all. */
function namesText(names: readonly (string | number)[]): string {
  const shown = names.slice(0, NAMES_MAX).join(', ')
  return names.length > NAMES_MAX ? `${shown} and ${names.length - NAMES_MAX} more` : shown
}

/** Asks again until all is well or the time is over; then the last answer counts. */
async function waitForHealth(terminal: Terminal, options: HealthOptions): Promise<ClusterHealth> {
  const clock = new NodeClock({ keepsAlive: true })
  const deadline = clock.mono() + parseCount(options.timeout ?? '10', '--timeout') * 1000
  for (;;) {
    const outcome = await withClient(options, terminal, readHealth).catch((error: unknown) => {
      if (error instanceof ConnectionError) return error
      throw error
    })
    const isWell = !(outcome instanceof ConnectionError) && outcome.healthy
    if (!isWell && clock.mono() < deadline) {
      await pause(clock, TRY_AGAIN_MS)
      continue
    }
    if (outcome instanceof ConnectionError) throw outcome
    return outcome
  }
}
