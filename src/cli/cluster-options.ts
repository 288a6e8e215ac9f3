/**
 * The options of every command that speaks to a cluster, and the client that they give.
 *
 * The brokers come from `--brokers`, else from LOGGERHEAD_BROKERS, else they are localhost:9092.
 */
import type { Command } from 'commander'
import type { Address } from '../base/network.ts'
import { NodeClock } from '../base/node/node-clock.ts'
import { NodeNetwork } from '../base/node/node-network.ts'
import { parseAddress } from '../client/address.ts'
import { KafkaClient } from '../client/kafka-client.ts'
import { UsageError } from './failure.ts'
import { parseCount } from './numbers.ts'
import type { Terminal } from './terminal.ts'

export interface ClusterOptions {
  brokers?: string
  timeout?: string
  json?: boolean
}

const BROKERS = 'localhost:9092'

export function withClusterOptions(command: Command): Command {
  return command
    .option(
      '-b, --brokers <list>',
      `host:port, separated by commas (default: LOGGERHEAD_BROKERS or ${BROKERS})`,
    )
    .option('--timeout <seconds>', 'how long to wait for answers, and to try again', '10')
    .option('--json', 'print JSON, for programs')
}

/** Runs with a client, which is closed afterwards whatever happened. */
export async function withClient<T>(
  options: ClusterOptions,
  terminal: Terminal,
  use: (client: KafkaClient) => Promise<T>,
): Promise<T> {
  const client = new KafkaClient({
    bootstrap: addressesFrom(options, terminal),
    world: { clock: new NodeClock({ keepsAlive: true }), network: new NodeNetwork() },
    timeoutMs: parseCount(options.timeout ?? '10', '--timeout') * 1000,
  })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** A command with one argument (or one list of them) whose action is given a client. */
export function clusterAction<Argument, Options extends ClusterOptions>(
  terminal: Terminal,
  command: Command,
  act: (client: KafkaClient, terminal: Terminal, argument: Argument, options: Options) => Promise<void>,
): void {
  withClusterOptions(command).action((argument: Argument, options: Options) =>
    withClient(options, terminal, client => act(client, terminal, argument, options)),
  )
}

function addressesFrom({ brokers }: ClusterOptions, { env }: Terminal): Address[] {
  const [text, origin] =
    brokers === undefined ? [env.LOGGERHEAD_BROKERS || BROKERS, 'LOGGERHEAD_BROKERS'] : [brokers, '--brokers']
  return text.split(',').map(part => {
    const address = parseAddress(part)
    if (!address) throw new UsageError(`${origin} ${text}: must be host:port, several separated by commas`)
    return address
  })
}
