import { Command, CommanderError } from 'commander'
import { asBridgeError, BridgeError } from '../bridge-error.ts'
import type { Settings } from '../settings.ts'
import { type Console, createConsole } from './console.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { whoami } from './whoami.ts'

declare const __BRIDGE_VERSION__: string

type Streams = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env'>

/** Runs one command and resolves with the exit code. */
export async function runProgram(
  argv: readonly string[],
  settings: Settings,
  streams: Streams,
): Promise<number> {
  const console = createConsole(streams, argv.includes('--json'))
  try {
    await createProgram(settings, streams, console).parseAsync(argv, { from: 'user' })
    return exitCodes.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    const failure = asBridgeError(error)
    console.fail(failure)
    return exitCodeOf(failure)
  }
}

function createProgram(settings: Settings, streams: Streams, console: Console): Command {
  const program = new Command('mcpgw')
    .description("One workspace's MCP servers on stdio, and the login for it.")
    .version(__BRIDGE_VERSION__)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })

  program
    .command('stdio')
    .description('be the MCP server of a client; so is mcpgw without a command')
    .option('--workspace <url>', 'workspace to use instead of the default one')
    // The right ways to ask for the bridge never come here: main.ts starts it without loading this program.
    .action(() => {
      throw new BridgeError('usage', 'Wrong use of stdio.', { fix: 'Type: mcpgw stdio [--workspace URL]' })
    })

  program
    .command('login')
    .description('check a token and keep it in the keychain')
    .argument('<url>', 'URL of the workspace')
    .option('--with-token', 'read the token from stdin')
    .option('--json', 'print the result as JSON')
    .action((url: string, { withToken = false }: { withToken?: boolean }) =>
      login({ url, withToken, settings, stdin: streams.stdin, console }),
    )

  program
    .command('whoami')
    .description('tell who you are to the gateway, and where the token is kept')
    .option('--workspace <url>', 'workspace to ask for instead of the default one')
    .option('--json', 'print the result as JSON')
    .action(({ workspace }: { workspace?: string }) => whoami({ workspace, settings, console }))

  program
    .command('logout')
    .description('delete the token from this machine')
    .argument('[url]', 'URL of the workspace, if not the default one')
    .option('--json', 'print the result as JSON')
    .action((url: string | undefined) => logout({ url, settings, console }))

  return program
}
