/**
 * Scripts that let a shell complete our commands, made from the commands themselves. Each knows, for every command, the words that may
 * follow: subcommands and options. Where no option begins, shells complete files as they do anyway.
 */
import type { Command } from 'commander'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

interface Word {
  readonly text: string
  readonly description: string
}

interface Entry {
  /** The words from the program on, such as `loggerhead topic`. */
  readonly path: string
  readonly subcommands: readonly Word[]
  readonly options: readonly Word[]
}

export function completionScript(shell: Shell, program: Command): string {
  const entries = [...entriesOf(program, program.name())]
  switch (shell) {
    case 'bash':
      return bashScript(entries)
    case 'zsh':
      return zshScript(entries)
    case 'fish':
      return fishScript(entries)
  }
}

function* entriesOf(command: Command, path: string): Generator<Entry> {
  const help = command.createHelp()
  const subcommands = help.visibleCommands(command)
  yield {
    path,
    subcommands: subcommands.map(one => ({ text: one.name(), description: one.description() })),
    options: help
      .visibleOptions(command)
      .flatMap(({ short, long, description }) =>
        [long, short].flatMap(text => (text ? [{ text, description }] : [])),
      ),
  }
  for (const one of subcommands) if (one.name() !== 'help') yield* entriesOf(one, `${path} ${one.name()}`)
}

/** The words of the command line that are subcommands make the path; the first word that is none ends it. */
function bashScript(entries: readonly Entry[]): string {
  const cases = entries.map(({ path, subcommands, options }) => {
    const words = [...subcommands, ...options].map(({ text }) => text)
    return `    '${path}') words='${words.join(' ')}' ;;`
  })
  return `# bash completion for loggerhead
_loggerhead() {
  local current=\${COMP_WORDS[COMP_CWORD]} path=loggerhead word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${entries.map(({ path }) => `'${path}'`).join('|')}) path="$path $word" ;;
    esac
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _loggerhead loggerhead
`
}

function zshScript(entries: readonly Entry[]): string {
  const cases = entries.map(({ path, subcommands, options }) => {
    const words = [...subcommands, ...options].map(
      ({ text, description }) => `'${zshText(text)}:${zshText(description)}'`,
    )
    return `    '${path}') choices=(${words.join(' ')}) ;;`
  })
  return `#compdef loggerhead
_loggerhead() {
  local place=loggerhead word
  local -a choices
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
      ${entries.map(({ path }) => `'${path}'`).join('|')}) place="$place $word" ;;
    esac
  done
  case $place in
${cases.join('\n')}
  esac
  _describe 'loggerhead' choices || _files
}
if [ "$funcstack[1]" = _loggerhead ]; then _loggerhead "$@"; else compdef _loggerhead loggerhead; fi
`
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(':', '\\:')
}

function fishScript(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, subcommands, options }) => {
    const condition = `-n '__loggerhead_at "${path}"'`
    return [
      ...subcommands.map(
        ({ text, description }) =>
          `complete -c loggerhead ${condition} -f -a ${text} -d '${fishText(description)}'`,
      ),
      ...options.map(({ text, description }) => {
        const name = text.startsWith('--') ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`
        return `complete -c loggerhead ${condition} ${name} -d '${fishText(description)}'`
      }),
    ]
  })
  return `# fish completion for loggerhead
function __loggerhead_at
  set -l path loggerhead
  for word in (commandline -opc)[2..-1]
    if contains -- "$path $word" ${entries.map(({ path }) => `'${path}'`).join(' ')}
      set path "$path $word"
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}
`
}

function fishText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
