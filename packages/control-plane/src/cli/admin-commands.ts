import type { Command } from 'commander'
import { addAuditCommands } from './audit-commands.ts'
import { addCredentialCommands } from './credential-commands.ts'
import { addInviteCommands } from './invite-commands.ts'
import { addKeyCommands } from './key-commands.ts'
import { addServerCommands } from './server-commands.ts'
import { type AdminIo, createTerminal } from './terminal.ts'
import { addTokenCommands } from './token-commands.ts'
import { addWorkspaceCommands } from './workspace-commands.ts'

export type { AdminAnswer, AdminCall } from './admin-call.ts'
export type { AdminIo } from './terminal.ts'

/**
 * Adds the commands that manage an installation, each a thin client of the admin API. Sets the program to throw
 * instead of exiting and to write where `io` says: catch what `parseAsync` throws and exit with `exitCodeOf` it.
 */
export function createAdminCommands(program: Command, io: AdminIo): void {
  // Before the commands are made: they take these settings over at that moment.
  program.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
  })
  const terminal = createTerminal(io)
  addWorkspaceCommands(program, terminal)
  addServerCommands(program, terminal)
  addCredentialCommands(program, terminal)
  addTokenCommands(program, terminal)
  addInviteCommands(program, terminal)
  addAuditCommands(program, terminal)
  addKeyCommands(program, terminal)
  program
    .command('openapi')
    .description('print the description of the admin API')
    .option('--json', 'it is always JSON')
    .action(async () => {
      const description = await terminal.ask('GET', '/openapi.json')
      terminal.print({ json: true }, description, '')
    })
  pointToOwnHelp(program)
}

/** Who uses a command wrongly is sent to the help of that command. */
function pointToOwnHelp(parent: Command, path = parent.name()): void {
  for (const command of parent.commands) {
    const name = `${path} ${command.name()}`
    command.showHelpAfterError(`To see how, type: ${name} --help`)
    pointToOwnHelp(command, name)
  }
}
