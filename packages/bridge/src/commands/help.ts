import type { Command } from 'commander'
import { BridgeError } from '../bridge-error.ts'
import { nearestName } from '../calls/nearest-name.ts'

/** Where each command stands in the help, whoever added it. */
const groups: Readonly<Record<string, readonly string[]>> = {
  'Sign in:': ['login', 'logout', 'whoami', 'use'],
  'AI clients:': ['install', 'uninstall', 'doctor', 'status'],
  'Tools:': ['tools', 'call', 'tail'],
  'More:': ['stdio', 'completion', 'help'],
}

const examples: Readonly<Record<string, readonly string[]>> = {
  mcpgw: [
    'mcpgw login https://gateway.example.com/ws/my-team',
    'mcpgw install',
    'mcpgw tools --search issue',
    'mcpgw call github__get_me',
  ],
  stdio: ['mcpgw', 'mcpgw stdio --workspace https://gateway.example.com/ws/my-team'],
  login: [
    'mcpgw login https://gateway.example.com/ws/my-team',
    'mcpgw login https://gateway.example.com/ws/my-team --with-token < token-file',
  ],
  logout: ['mcpgw logout', 'mcpgw logout https://gateway.example.com/ws/my-team'],
  whoami: ['mcpgw whoami', 'mcpgw whoami --json'],
  use: ['mcpgw use', 'mcpgw use my-team'],
  install: ['mcpgw install', 'mcpgw install --client cursor', 'mcpgw install --all --dry-run'],
  uninstall: ['mcpgw uninstall --client cursor', 'mcpgw uninstall --all'],
  doctor: ['mcpgw doctor', 'mcpgw doctor --json'],
  status: ['mcpgw status', 'mcpgw status --json'],
  tools: ['mcpgw tools', 'mcpgw tools --server github --search "pull request"', 'mcpgw tools github__get_me'],
  call: [
    'mcpgw call everything__echo message=Hello',
    `mcpgw call everything__get-sum --args '{"a": 1, "b": 2}'`,
    'mcpgw call everything__get-tiny-image --out tiny.png',
  ],
  tail: [
    'mcpgw tail --since 5m',
    'mcpgw tail --outcome denied --json',
    'mcpgw tail --server github | head -3',
  ],
  help: ['mcpgw help call'],
  completion: [
    'source <(mcpgw completion bash)',
    'mcpgw completion fish | source',
    'mcpgw completion powershell | Out-String | Invoke-Expression',
  ],
}

const maxHelpWidth = 100

const more = `To read more, open the URL of your workspace in a browser, or type mcpgw help COMMAND.
Exit codes: 0 done, 1 failed, 2 wrong usage, 4 login needed.`

/** Groups, examples and widths for a program whose commands have all been added. */
export function arrangeHelp(program: Command, columns: number | undefined): void {
  const helpWidth = Math.min(columns ?? 80, maxHelpWidth)
  program.helpOption('-h, --help', 'explain mcpgw')
  program.commandsGroup('More:')
  for (const [heading, names] of Object.entries(groups)) {
    for (const name of names) program.commands.find((command) => command.name() === name)?.helpGroup(heading)
  }
  for (const command of [program, ...program.commands]) {
    // The arguments of a command stand in its own help; here they would leave no room to say what it does.
    command.configureHelp({ helpWidth, subcommandTerm: (shown) => shown.name() })
    if (command !== program) command.helpOption('-h, --help', 'explain this command')
    command.addHelpText('after', () => epilogue(command.name()))
  }
}

export function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .description('explain a command')
    .argument('[command]', 'the command')
    .action((name: string | undefined) => {
      const names = program.commands.map((command) => command.name())
      const explained = name === undefined ? program : program.commands.find((one) => one.name() === name)
      if (explained !== undefined) return explained.outputHelp()
      const meant = nearestName(name ?? '', names)
      throw new BridgeError('usage', `Unknown command '${name}'.`, {
        fix: `${meant === undefined ? '' : `Did you mean ${meant}? `}See: mcpgw --help`,
      })
    })
}

function epilogue(name: string): string {
  const lines = (examples[name] ?? []).map((line) => `  ${line}`)
  const shown = lines.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}`
  return name === 'mcpgw' ? `${shown}\n\n${more}` : shown
}
