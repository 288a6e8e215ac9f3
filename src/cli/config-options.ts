/** The options by which a command is told its settings, and how they become a `Config`. */
import type { Command } from 'commander'
import { readWhole } from '../base/disk.ts'
import { NodeDisk } from '../base/node/node-disk.ts'
import { type Config, loadConfig } from '../broker/config.ts'
import { UsageError } from './failure.ts'

export interface ConfigOptions {
  config?: string
  set: { name: string; text: string; flag: string }[]
  host?: string
  port?: string
  data?: string
  httpPort?: string
  dev?: boolean
  logLevel?: string
}

export function withConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'read settings from a file such as server.properties')
    .option('-s, --set <name=value>', 'set one setting; may be repeated', collectSetting, [])
    .option('-p, --port <port>', 'listen on this port; 0 takes any free one')
    .option('--host <host>', 'listen on this address; 0.0.0.0 or :: for all, localhost for both loopbacks')
    .option('--http-port <port>', 'serve health and metrics on this port; 0 takes any free one, -1 none')
    .option('-d, --data <folder>', 'keep data in this folder')
    .option('--dev', 'for development: acks are not synced and groups start at once')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent')
}

export async function configFrom(options: ConfigOptions): Promise<Config> {
  const file = options.config === undefined ? undefined : await readConfigFile(options.config)
  return loadConfig({ ...(file && { file }), env: process.env, flags: flagsOf(options) })
}

async function readConfigFile(path: string): Promise<{ path: string; text: string }> {
  try {
    return { path, text: (await readWhole(new NodeDisk(), path)).toString('utf8') }
  } catch (error) {
    throw new UsageError(`--config ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function flagsOf({ set, host, port, httpPort, data, dev, logLevel }: ConfigOptions): ConfigOptions['set'] {
  const flags: ConfigOptions['set'] = []
  if (host !== undefined || port !== undefined) {
    const text = `PLAINTEXT://${bracketed(host ?? 'localhost')}:${port ?? 9092}`
    flags.push({ name: 'listeners', text, flag: host === undefined ? '--port' : '--host' })
  }
  if (httpPort !== undefined)
    flags.push({ name: 'loggerhead.http.port', text: httpPort, flag: '--http-port' })
  if (data !== undefined) flags.push({ name: 'log.dirs', text: data, flag: '--data' })
  if (dev) flags.push({ name: 'loggerhead.dev', text: 'true', flag: '--dev' })
  if (logLevel !== undefined)
    flags.push({ name: 'loggerhead.log.level', text: logLevel, flag: '--log-level' })
  return [...flags, ...set]
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function collectSetting(pair: string, earlier: ConfigOptions['set']): ConfigOptions['set'] {
  const split = pair.indexOf('=')
  if (split < 1) throw new UsageError(`--set ${pair}: must be name=value, such as num.partitions=3`)
  return [...earlier, { name: pair.slice(0, split).trim(), text: pair.slice(split + 1), flag: '--set' }]
}
