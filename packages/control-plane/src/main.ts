#!/usr/bin/env -S node --max-semi-space-size=2
import { randomBytes } from 'node:crypto'
import { Command, CommanderError, Option } from 'commander'
import { mintToken } from './access/token-format.ts'
import { addCatalogCommands } from './catalog-commands.ts'
import type { AdminCall } from './cli/admin-call.ts'
import { createAdminCommands } from './cli/admin-commands.ts'
import { exitCodeOf } from './cli/command-failed.ts'
import { controlSocketPath } from './control-socket.ts'
import { asGatewayError, GatewayError } from './model/error.ts'
import { OpenThings } from './open-things.ts'
import { pickOperatorEnv } from './operator-env.ts'
import { createOperatorLog } from './operator-log.ts'
import type { Edge } from './serve.ts'
import { readSettings } from './settings.ts'
import { VERSION } from './version.ts'

const edge: Edge = {
  clock: { now: () => Date.now() },
  random: { bytes: (count) => randomBytes(count) },
  log: createOperatorLog(process.env.MCPGW_LOG_LEVEL ?? 'info'),
  searchPath: process.env.PATH ?? '',
  operatorEnv: pickOperatorEnv(process.env),
  print: (text) => void process.stdout.write(text),
}

const program = new Command('mcpgw-server')
  .description('The control plane of mcpgw: one authenticated MCP URL per workspace.')
  .version(VERSION)
  .showHelpAfterError('To see what there is, type: mcpgw-server --help')
  .option('--data-dir <folder>', 'where everything is kept (MCPGW_DATA_DIR)')
  .option('--database-url <url>', 'postgres://… instead of SQLite in the data folder (MCPGW_DATABASE_URL)')

createAdminCommands(program, {
  call: callAdmin,
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
})

program
  .command('serve', { isDefault: true })
  .description('run the control plane (what happens without a command)')
  .option('--host <address>', 'address to listen on (MCPGW_HOST)')
  .option('--port <number>', 'port to listen on, 0 for any free one (MCPGW_PORT)')
  .option('--public-url <url>', 'the address that clients use (MCPGW_PUBLIC_URL)')
  .option(
    '--allow-upstream <cidr...>',
    'private address ranges that servers may be in (MCPGW_ALLOW_UPSTREAMS)',
  )
  .option('--trust-proxy <cidr...>', 'proxies in front that tell where clients are (MCPGW_TRUSTED_PROXIES)')
  .addOption(new Option('--hosting <mode>', 'run hosted servers (MCPGW_HOSTING)').choices(['auto', 'off']))
  .option('--limit <name=number...>', 'change a limit; their names are in docs/operations.md (MCPGW_LIMITS)')
  .option(
    '--audit-checkpoints <target>',
    'a file or URL for signed checkpoints of the log (MCPGW_AUDIT_CHECKPOINTS)',
  )
  .option(
    '--audit-checkpoint-seconds <seconds>',
    'how often one is written, 60 unless given (MCPGW_AUDIT_CHECKPOINT_SECONDS)',
  )
  .option(
    '--audit-retention-days <days>',
    'how long the log is kept, for ever unless given (MCPGW_AUDIT_RETENTION_DAYS)',
  )
  .option('--hosted-memory-mib <number>', 'memory of one hosted server (MCPGW_HOSTED_MEMORY_MIB)')
  .option(
    '--hosted-processes <number>',
    'processes and threads of one hosted server (MCPGW_HOSTED_PROCESSES)',
  )
  .option('--demo', 'a workspace with servers that need no credential (MCPGW_DEMO)')
  // A mistyped command arrives here, as a word too many for the default one.
  .allowExcessArguments()
  .action((flags, serveCommand: Command) => {
    const [word] = serveCommand.args
    if (word !== undefined) serveCommand.error(`error: there is no command '${word}'`)
    return runServer({ ...program.opts(), ...flags })
  })

program.commands
  .find((command) => command.name() === 'token')
  ?.command('mint')
  .description('print a new token that nobody knows yet, for MCPGW_OWNER_TOKEN')
  .option('--json', 'print the result as JSON')
  .action(({ json }: { json?: boolean }) => {
    const token = mintToken(edge.random)
    edge.print(`${json === true ? JSON.stringify({ token }) : token}\n`)
  })

addCatalogCommands(program, { ...edge, note: (text) => void process.stderr.write(`${text}\n`) })

program
  .command('backup <file>')
  .description(
    'copy the SQLite database into a new file, also while the control plane runs; never the master key',
  )
  .option('--json', 'print the result as JSON')
  .action(async (file: string, { json }: { json?: boolean }) => {
    const { backUp } = await import('./storage/back-up.ts')
    const made = await backUp(readSettings(program.opts(), process.env).settings, file)
    edge.print(json === true ? `${JSON.stringify(made, null, 2)}\n` : `Backed up to ${made.file}.\n`)
    process.stderr.write(
      'Its credentials open only with the master key, which is not in it: keep that elsewhere.\n',
    )
  })

async function runServer(flags: Record<string, unknown>): Promise<void> {
  const { settings, secrets } = readSettings(
    {
      ...flags,
      allowUpstreams: flags.allowUpstream,
      trustedProxies: flags.trustProxy,
      limits: flags.limit,
      hostedMemoryMiB: flags.hostedMemoryMib,
    },
    process.env,
  )
  const stopped = stopSignal()
  const { serve } = await import('./serve.ts')
  await serve(settings, secrets, edge, stopped)
}

/** npm passes Ctrl-C on to a child that has it from the terminal already: those two are one. */
const SAME_SIGNAL_MS = 250

/** The first signal asks for a clean end; a second one, whichever it is, does not wait for it. */
function stopSignal(): Promise<string> {
  let toldAt: number | undefined
  return new Promise((resolve) => {
    const hear = (signal: string) => {
      toldAt ??= performance.now()
      resolve(signal)
      if (performance.now() - toldAt > SAME_SIGNAL_MS) process.exit(1)
    }
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, hear)
  })
}

/** What a command opened, closed when it is done: an export is read after the call has returned. */
const openedForCommand = new OpenThings()

/**
 * Commands go to the control plane that runs on the data folder, through its socket; where none runs, the folder is
 * opened for the length of the command.
 */
async function callAdmin(...request: Parameters<AdminCall>): ReturnType<AdminCall> {
  commandCall ??= await openAdminCall()
  return commandCall(...request)
}

let commandCall: AdminCall | undefined

async function openAdminCall(): Promise<AdminCall> {
  const { callInProcess, callThroughSocket } = await import('./admin-transport.ts')
  const { settings, secrets } = readSettings(program.opts(), process.env)
  const socket = openedForCommand.add(callThroughSocket(controlSocketPath(settings.dataDir)))
  if (await isAnswered(socket)) return socket
  // Most commands only ask a control plane that runs: what runs one is loaded where one must be.
  const { openConfiguredApp } = await import('./serve.ts')
  const app = openedForCommand.add(await openConfiguredApp(settings, secrets, edge))
  return callInProcess(app.admin)
}

async function isAnswered(socket: AdminCall): Promise<boolean> {
  try {
    await socket('GET', '/whoami')
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (['ENOENT', 'ECONNREFUSED'].includes(code)) return false
    throw error
  }
}

/** Says what stopped us, on stderr; the stack of what nobody foresaw is in the log. Commands have said it themselves. */
function explain(thrown: unknown): void {
  if (thrown instanceof CommanderError) return
  const error = asGatewayError(thrown)
  process.stderr.write(`mcpgw-server: ${error.message}\n`)
  if (error.fix !== undefined) process.stderr.write(`${error.fix}\n`)
  if (error.code === 'internal' && error.cause !== undefined)
    edge.log.error({ err: error.cause }, 'internal error')
}

// Whoever reads a result may have seen enough of it, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  // Closed before anything is said, and also when the command failed: what stays open would keep the process alive.
  await program.parseAsync().finally(() => openedForCommand.close())
} catch (error) {
  explain(error)
  process.exitCode = error instanceof GatewayError ? 1 : exitCodeOf(error)
}
