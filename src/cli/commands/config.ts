import type { Command } from 'commander'
import { type Config, isSecret } from '../../broker/config.ts'
import { settingsTable } from '../../broker/config-table.ts'
import { type ConfigOptions, configFrom, withConfigOptions } from '../config-options.ts'
import { printLines } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { registerGet, registerSet } from './config/resources.ts'

export function register(program: Command, terminal: Terminal): void {
  const command = program
    .command('config')
    .description('print the settings in force and where each comes from; get and set those of a cluster')
    .option('--all', 'print settings without effect too')
    .enablePositionalOptions()
  withConfigOptions(command).action(async (options: ConfigOptions & { all?: boolean }) => {
    const config = await configFrom(options)
    await printLines(lines(config, options.all ?? false))
    for (const { text } of config.notices) process.stderr.write(`loggerhead: ${text}\n`)
  })
  registerGet(command, terminal)
  registerSet(command, terminal)
}

function lines(config: Config, all: boolean): string[] {
  const known = [...settingsTable.values()].filter(
    ({ effect, name }) => all || effect === 'yes' || config.isGiven(name),
  )
  const unknown = [...config.given.keys()].filter(name => !settingsTable.has(name))
  const names = [...known.map(({ name }) => name), ...unknown]
  const rows = names.map(name => ({
    text: `${name}=${shown(config, name)}`,
    origin: config.origin(name) ?? 'default',
  }))
  const width = Math.min(60, Math.max(...rows.map(({ text }) => text.length)))
  return rows.map(({ text, origin }) => `${text.padEnd(width)}  # ${origin}`)
}

function shown(config: Config, name: string): string {
  return isSecret(name) && config.isGiven(name) ? '[hidden]' : (config.text(name) ?? '')
}
