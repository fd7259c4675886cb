#!/usr/bin/env node
import { randomBytes } from 'node:crypto'
import { Command, Option } from 'commander'
import pino from 'pino'
import { mintToken } from './access/token-format.ts'
import { callInProcess, callThroughSocket } from './admin-transport.ts'
import type { AdminCall } from './cli/admin-call.ts'
import { createAdminCommands } from './cli/admin-commands.ts'
import { exitCodeOf } from './cli/command-failed.ts'
import { controlSocketPath } from './control-socket.ts'
import { GatewayError } from './model/error.ts'
import { type Edge, openConfiguredApp, serve } from './serve.ts'
import { readSettings } from './settings.ts'
import { VERSION } from './version.ts'

const edge: Edge = {
  clock: { now: () => Date.now() },
  random: { bytes: (count) => randomBytes(count) },
  log: pino({ level: process.env.MCPGW_LOG_LEVEL ?? 'info' }, pino.destination({ fd: 2, sync: true })),
  searchPath: process.env.PATH ?? '',
  print: (text) => void process.stdout.write(text),
}

const program = new Command('mcpgw-server')
  .description('The control plane of mcpgw: one authenticated MCP URL per workspace.')
  .version(VERSION)
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
  .addOption(new Option('--hosting <mode>', 'run hosted servers (MCPGW_HOSTING)').choices(['auto', 'off']))
  .option('--demo', 'a workspace with servers that need no credential (MCPGW_DEMO)')
  .action((flags) => runServer({ ...program.opts(), ...flags }))

program.commands
  .find((command) => command.name() === 'token')
  ?.command('mint')
  .description('print a new token that nobody knows yet, for MCPGW_OWNER_TOKEN')
  .action(() => edge.print(`${mintToken(edge.random)}\n`))

async function runServer(flags: Record<string, unknown>): Promise<void> {
  const { settings, secrets } = readSettings({ ...flags, allowUpstreams: flags.allowUpstream }, process.env)
  await serve(settings, secrets, edge, stopSignal())
}

/** The first signal asks for a clean end; a second one does not wait for it. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(signal, () => {
        resolve(signal)
        process.once(signal, () => process.exit(1))
      })
    }
  })
}

/** What a command opened, closed when it is done: an export is read after the call has returned. */
const openedForCommand = new AsyncDisposableStack()

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
  const { settings, secrets } = readSettings({ ...program.opts(), hosting: 'off' }, process.env)
  const socket = openedForCommand.use(callThroughSocket(controlSocketPath(settings.dataDir)))
  if (await isAnswered(socket)) return socket
  const app = openedForCommand.use(await openConfiguredApp(settings, secrets, edge))
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

/** Says what stopped us, on stderr and without a stack. */
function explain(error: unknown): void {
  if (!(error instanceof GatewayError)) return
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
  await using _opened = openedForCommand
  await program.parseAsync()
} catch (error) {
  explain(error)
  process.exitCode = error instanceof GatewayError ? 1 : exitCodeOf(error)
}
