import { Argument, type Command, type Option } from 'commander'
import type { CommandContext } from './context.ts'

/** What there is to complete, read from the program itself so that it is never out of date. */
interface CommandWords {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionWords[]
  /** Values of its first argument, where they are a closed list. */
  readonly choices: readonly string[]
}

interface OptionWords {
  readonly flag: string
  readonly description: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
}

const scripts = { bash, fish, powershell, zsh } as const
type Shell = keyof typeof scripts

export function addCompletion(program: Command, { console }: CommandContext): void {
  program
    .command('completion')
    .description('print a script that completes commands and options')
    .addArgument(new Argument('<shell>', 'the shell to print it for').choices(Object.keys(scripts)))
    // Commander lets no other word through.
    .action((shell: Shell) => {
      const script = scripts[shell](readCommands(program))
      console.result({ script }, [script])
    })
}

function readCommands(program: Command): CommandWords[] {
  const help = program.createHelp()
  return help.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).flatMap(readOption),
    choices:
      command.name() === 'help'
        ? program.commands.map((other) => other.name())
        : (command.registeredArguments[0]?.argChoices ?? []),
  }))
}

function readOption(option: Option): OptionWords[] {
  if (option.long === undefined || option.long === null) return []
  const { long: flag, description, argChoices: choices = [] } = option
  return [{ flag, description, takesValue: option.required || option.optional, choices }]
}

const words = (items: readonly string[]) => items.join(' ')

function bash(commands: readonly CommandWords[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter((option) => option.takesValue)
      .map(
        ({ flag, choices }) =>
          `    '${name} ${flag}') ${choices.length === 0 ? 'return' : `candidates='${words(choices)}'`} ;;`,
      ),
  )
  const rest = commands.map(
    ({ name, options, choices }) =>
      `    '${name}') candidates='${words([...choices, ...options.map(({ flag }) => flag)])}' ;;`,
  )
  return `# bash completion for mcpgw. To use it: source <(mcpgw completion bash)
_mcpgw() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}" candidates=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${words([...commands.map(({ name }) => name), '--help', '--version'])}' -- "$current"))
    return
  fi
  case "$command \${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
  esac
  [ -n "$candidates" ] || case "$command" in
${rest.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F _mcpgw mcpgw
`.trimEnd()
}

function zsh(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name, description }) => `    ${zshPair(name, description)}`)
  const cases = commands.map(({ name, options, choices }) => {
    const specs = options.map(({ flag, description, takesValue, choices: values }) => {
      const value = takesValue ? `:value:${values.length === 0 ? '_files' : `(${words(values)})`}` : ''
      return `'${flag}[${zshText(description)}]${value}'`
    })
    const argument = choices.length === 0 ? `'*::argument:_files'` : `'1:value:(${words(choices)})'`
    return `    ${name}) _arguments ${words([...specs, argument])} ;;`
  })
  return `#compdef mcpgw
# zsh completion for mcpgw. To use it: source <(mcpgw completion zsh), after compinit
_mcpgw() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _mcpgw ]; then _mcpgw "$@"; else compdef _mcpgw mcpgw; fi`
}

function zshPair(name: string, description: string): string {
  return `'${name}:${zshText(description)}'`
}

/** What means something inside the quotes and brackets of a zsh specification. */
function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replace(/[[\]:]/g, '\\$&')
}

function fish(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, description, options, choices }) => [
    `complete -c mcpgw -n __fish_use_subcommand -f -a ${name} -d ${fishText(description)}`,
    ...(choices.length === 0
      ? []
      : [`complete -c mcpgw -n '__fish_seen_subcommand_from ${name}' -f -a '${words(choices)}'`]),
    ...options.map(({ flag, description: about, takesValue, choices: values }) => {
      const value = !takesValue ? '' : values.length === 0 ? ' -r' : ` -x -a '${words(values)}'`
      return `complete -c mcpgw -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}${value} -d ${fishText(about)}`
    }),
  ])
  return ['# fish completion for mcpgw. To use it: mcpgw completion fish | source', ...lines].join('\n')
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}

function powershell(commands: readonly CommandWords[]): string {
  const list = (items: readonly string[]) =>
    `@(${items.map((item) => `'${item.replaceAll("'", "''")}'`).join(', ')})`
  const entries = commands.map(
    ({ name, options, choices }) =>
      `    '${name}' = ${list([...choices, ...options.map(({ flag }) => flag)])}`,
  )
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .map(({ flag, choices }) => `    '${name} ${flag}' = ${list(choices)}`),
  )
  return `# PowerShell completion for mcpgw. To use it: mcpgw completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName mcpgw -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = @{
${entries.join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $typed = @($commandAst.CommandElements | ForEach-Object { $_.ToString() })
  $before = if ($wordToComplete) { $typed[0..($typed.Count - 2)] } else { $typed }
  $candidates = if (@($before).Count -le 1) { $commands.Keys }
    elseif ($values.ContainsKey("$($typed[1]) $(@($before)[-1])")) { $values["$($typed[1]) $(@($before)[-1])"] }
    else { $commands[$typed[1]] }
  $candidates | Where-Object { $_ -like "$wordToComplete*" } | Sort-Object |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}`
}
