import { Command, CommanderError } from 'commander'
import { asBridgeError, BridgeError } from '../bridge-error.ts'
import type { Settings } from '../settings.ts'
import { type ConsoleStreams, createConsole } from '../terminal/console.ts'
import type { CommandContext } from './context.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import { addLogin } from './login.ts'
import { addLogout } from './logout.ts'
import { addUse } from './use.ts'
import { addWhoami } from './whoami.ts'

declare const __BRIDGE_VERSION__: string

/** In the order of the help. Each adds its own command. */
const commands = [addStdio, addLogin, addWhoami, addUse, addLogout]

/** Runs one command and resolves with the exit code. */
export async function runProgram(
  argv: readonly string[],
  settings: Settings,
  streams: ConsoleStreams,
): Promise<number> {
  const console = createConsole(streams, argv.includes('--json'))
  try {
    await createProgram({ settings, streams, console }).parseAsync(argv, { from: 'user' })
    return exitCodes.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    const failure = asBridgeError(error)
    console.fail(failure)
    return exitCodeOf(failure)
  }
}

function createProgram(context: CommandContext): Command {
  const program = new Command('mcpgw')
    .description("One workspace's MCP servers on stdio, and the login for it.")
    .version(__BRIDGE_VERSION__)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
  for (const add of commands) add(program, context)
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
