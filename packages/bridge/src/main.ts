import { findSessionBus } from './credentials/session-bus.ts'
import { readOwnWorkspace } from './own-workspace.ts'
import { readSettings } from './settings.ts'
import { staySmall } from './stay-small.ts'
import { stdioArguments } from './stdio/arguments.ts'

const bus = findSessionBus(process.env, process.getuid?.())
if (bus !== undefined) process.env.DBUS_SESSION_BUS_ADDRESS = bus

// Connections verify whatever it says; unset, Node does not warn of what does not happen.
delete process.env.NODE_TLS_REJECT_UNAUTHORIZED

const settings = readSettings(process.env, process, readOwnWorkspace(import.meta.url))
const stdio = stdioArguments(process.argv.slice(2))

// The bridge is started with every session of every client: it loads nothing of the commands.
process.exit(stdio === undefined ? await runCommand() : await runBridge(stdio.workspace))

async function runBridge(workspace: string | undefined): Promise<number> {
  const { createAccess } = await import('./credentials/access.ts')
  const { serveStdio } = await import('./stdio/serve.ts')
  // Not before all is loaded: with flags of its own V8 does not take Node's modules from their cache, for 50 ms.
  staySmall()
  if (process.stdin.isTTY) {
    process.stderr.write(
      `mcpgw: waiting for an MCP client on stdin. For the commands, type: ${settings.command} --help\n`,
    )
  }
  const { stdin, stdout, stderr } = process
  const access = createAccess(settings, workspace)
  // The keychain is asked while the client is still writing; the first message meets the answer, good or bad.
  access.token().catch(() => undefined)
  await serveStdio(access, { stdin, stdout, stderr, command: settings.command, onToldToEnd })
  return 0
}

async function runCommand(): Promise<number> {
  const { runProgram } = await import('./commands/program.ts')
  return runProgram(process.argv.slice(2), settings, process)
}

function onToldToEnd(listener: () => void): void {
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, listener)
  onOrphaned(listener)
}

/** A killed client may have left its end of our pipes open in the hands of another child. */
function onOrphaned(listener: () => void): void {
  const parent = process.ppid
  const watch = () => {
    if (process.ppid !== parent) listener()
  }
  setInterval(watch, 1_000).unref()
}
