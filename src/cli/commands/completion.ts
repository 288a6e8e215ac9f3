import type { Command } from 'commander'
import { completionScript, type Shell, shells } from '../completion.ts'
import { UsageError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

const examples = `
To have it in every new shell:
  bash  loggerhead completion bash > ~/.local/share/bash-completion/completions/loggerhead
  zsh   loggerhead completion zsh > "\${fpath[1]}/_loggerhead"
  fish  loggerhead completion fish > ~/.config/fish/completions/loggerhead.fish`

export function register(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete commands and options')
    .argument('<shell>', shells.join(', '))
    .addHelpText('after', examples)
    .action(async (shell: string) => {
      if (!shells.includes(shell as Shell))
        throw new UsageError(`${shell}: must be one of ${shells.join(', ')}`)
      await terminal.write(completionScript(shell as Shell, program))
    })
}
