import { Command, CommanderError } from 'commander'
import { asBridgeError, BridgeError } from '../bridge-error.ts'
import { nearestName } from '../calls/nearest-name.ts'
import type { Settings } from '../settings.ts'
import { type Console, type ConsoleStreams, createConsole } from '../terminal/console.ts'
import { addCall } from './call.ts'
import { CommandEnd } from './command-end.ts'
import { addCompletion } from './completion.ts'
import type { CommandContext } from './context.ts'
import { addDoctor } from './doctor.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import { addHelp, arrangeHelp } from './help.ts'
import { addInstall } from './install.ts'
import { addLogin } from './login.ts'
import { addLogout } from './logout.ts'
import { addStatus } from './status.ts'
import { addTail } from './tail.ts'
import { addTools } from './tools.ts'
import { addUninstall } from './uninstall.ts'
import { addUse } from './use.ts'
import { addWhoami } from './whoami.ts'

declare const __BRIDGE_VERSION__: string

/** In the order of the help. Each adds its own command. */
const commands = [
  addLogin,
  addWhoami,
  addUse,
  addLogout,
  addInstall,
  addUninstall,
  addStatus,
  addDoctor,
  addTools,
  addCall,
  addTail,
  addStdio,
  addCompletion,
  addHelp,
]

/** Runs one command and resolves with the exit code. */
export async function runProgram(
  argv: readonly string[],
  settings: Settings,
  streams: ConsoleStreams,
): Promise<number> {
  const console = createConsole(streams, { asJson: argv.includes('--json'), command: settings.command })
  const program = createProgram({ settings, streams, console })
  const exitCode = await program.parseAsync(argv, { from: 'user' }).then(
    () => exitCodes.done,
    (error: unknown) => endOf(error, { console, program, argv }),
  )
  await console.flushed()
  return exitCode
}

function endOf(
  error: unknown,
  { console, program, argv }: { console: Console; program: Command; argv: readonly string[] },
): number {
  if (error instanceof CommandEnd) return error.exitCode
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done
  const failure = error instanceof CommanderError ? wrongUsage(error, program, argv) : asBridgeError(error)
  console.fail(failure)
  return exitCodeOf(failure)
}

/** One line of what is wrong and one of what to type, in place of a whole page of help. */
function wrongUsage(error: CommanderError, program: Command, argv: readonly string[]): BridgeError {
  const [what = '', guess = ''] = error.message.replace(/^error: /, '').split('\n')
  const message = what.charAt(0).toUpperCase() + what.slice(1).replace(/\.?$/, '.')
  const names = program.commands.map((command) => command.name())
  const command = names.find((name) => name === argv[0])
  const help = `See: mcpgw ${command === undefined ? '' : `${command} `}--help`
  const near = error.code === 'commander.unknownCommand' ? nearestName(argv[0] ?? '', names) : undefined
  const meant = near === undefined ? /Did you mean (.+)\?/.exec(guess)?.[0] : `Did you mean ${near}?`
  return new BridgeError('usage', message, { fix: meant === undefined ? help : `${meant} ${help}` })
}

function createProgram(context: CommandContext): Command {
  const program = new Command('mcpgw')
    .description("Your team's MCP servers behind one URL: as one MCP server on stdio, and by hand.")
    .version(__BRIDGE_VERSION__, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
  for (const add of commands) add(program, context)
  arrangeHelp(program, context.console.columns)
  return program
}

function addStdio(program: Command): void {
  program
    .command('stdio')
    .description('be the MCP server of a client; so is mcpgw without a command')
    .option('--workspace <url>', 'workspace to use instead of the default one')
    // The right ways to ask for the bridge never come here: main.ts starts it without loading this program.
    .action(() => {
      throw new BridgeError('usage', 'Wrong use of stdio.', { fix: 'Type: mcpgw stdio [--workspace URL]' })
    })
}
