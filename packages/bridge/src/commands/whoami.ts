import type { Command } from 'commander'
import { createAccess } from '../credentials/access.ts'
import type { Settings } from '../settings.ts'
import type { Console } from '../terminal/console.ts'
import type { CommandContext } from './context.ts'
import { expiryOf, fetchIdentity } from './identity.ts'

export function addWhoami(program: Command, { settings, console }: CommandContext): void {
  program
    .command('whoami')
    .description('tell who you are to the gateway, and where the token is kept')
    .option('--workspace <url>', 'workspace to ask for instead of the default one')
    .option('--json', 'print the result as JSON')
    .action(({ workspace }: { workspace?: string }) => whoami({ workspace, settings, console }))
}

/** Tells who the gateway takes this user for, and where the token was found. */
async function whoami(options: {
  workspace: string | undefined
  settings: Settings
  console: Console
}): Promise<void> {
  const access = createAccess(options.settings, options.workspace)
  try {
    const { href } = await access.workspace()
    const { source } = await access.token()
    const identity = await fetchIdentity(access)
    const expiresAt = expiryOf(identity)
    options.console.result(
      { role: identity.role, member: identity.member, workspace: href, expiresAt, storage: source },
      [
        `workspace  ${href}`,
        `member     ${identity.member}`,
        `role       ${identity.role}`,
        `expires    ${expiresAt ?? 'never'}`,
        `token      from ${source}`,
      ],
    )
  } finally {
    await access.close()
  }
}
