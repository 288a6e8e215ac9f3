/**
 * `loggerhead start`: runs a broker until it is told to stop.
 *
 * SIGTERM and SIGINT stop it gracefully, a second one at once. The log is JSON lines on standard output, or plain
 * lines on a terminal.
 */
import type { Command } from 'commander'
import { AssertionError } from '../../base/assert.ts'
import type { Logger } from '../../base/logger.ts'
import type { Address } from '../../base/network.ts'
import type { Config } from '../../broker/config.ts'
import { type ConfigOptions, configFrom, withConfigOptions } from '../config-options.ts'

interface StartOptions extends ConfigOptions {
  pretty?: boolean
  json?: boolean
}

const examples = `
Examples:
  loggerhead start
  loggerhead start --port 19092 --data /var/lib/loggerhead
  loggerhead start --host 0.0.0.0 --set advertised.listeners=PLAINTEXT://kafka.example:9092
  KAFKA_LOG_RETENTION_HOURS=24 loggerhead start --config server.properties`

export function register(program: Command): void {
  const command = program.command('start').description('run a broker').addHelpText('after', examples)
  withConfigOptions(command)
    .option('--pretty', 'log plain lines (default on a terminal)')
    .option('--json', 'log JSON lines (default elsewhere)')
    .action(start)
}

async function start(options: StartOptions): Promise<void> {
  const config = await configFrom(options)
  const [{ startServedBroker }, { createLogger }, { nodeWorld }] = await Promise.all([
    import('../../console/served-broker.ts'),
    import('../../base/pino-logger.ts'),
    import('../../base/node/node-world.ts'),
  ])
  const pretty = options.pretty ?? (!options.json && process.stdout.isTTY === true)
  const logger = createLogger({ level: config.value('loggerhead.log.level'), pretty })
  for (const { level, text } of config.notices) logger[level]({ event: 'config' }, text)
  if (config.value('loggerhead.dev')) logger.warn({ event: 'dev' }, devWarning(config))
  const served = await startServedBroker({ config, logger, ...nodeWorld() })
  const { broker, http } = served
  const { listeners } = broker
  logger.info({ event: 'ready', listeners, http, data: config.logDirs }, readyLine(listeners, http, config))
  const failure = await Promise.race([stopSignal(logger), broker.failed])
  // What an assertion has shown to be wrong is not written down: the next start recovers, as after a crash.
  if (failure instanceof AssertionError) process.exit(1)
  await served.close()
  if (failure) {
    process.exitCode = 1
    logger.error({ event: 'failed' }, failure.message)
  } else {
    logger.info({ event: 'stopped' }, 'stopped')
  }
}

function devWarning(config: Config): string {
  const isUnsynced = config.value('log.flush.interval.messages') === Infinity
  return isUnsynced
    ? 'DEVELOPMENT MODE: acks are NOT synced, a power cut loses acknowledged records'
    : 'development mode; acks are synced, because log.flush.interval.messages says so'
}

function readyLine(listeners: readonly Address[], http: readonly Address[], config: Config): string {
  const port = listeners[0]?.port ?? 9092
  const parts = [`ready on ${listeners.map(placeOf).join(' and ')}`]
  if (http[0]) parts.push(`health and metrics on http://${placeOf(http[0])}`)
  parts.push(`data in ${config.logDirs.join(', ')}`)
  return `${parts.join(', ')}; next: npx loggerhead cluster info${port === 9092 ? '' : ` -b localhost:${port}`}`
}

function placeOf({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Resolves at the first SIGTERM or SIGINT; the second ends the process there and then. */
function stopSignal(logger: Logger): Promise<undefined> {
  return new Promise(resolve => {
    let isStopping = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(1)
        isStopping = true
        logger.info({ event: 'stopping', signal }, `${signal}: stopping; a second one stops at once`)
        resolve(undefined)
      })
    }
  })
}
