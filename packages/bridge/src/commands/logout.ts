import type { Command } from 'commander'
import { createTokenStore } from '../credentials/token-store.ts'
import { chooseWorkspace } from '../credentials/workspace-choice.ts'
import type { Settings } from '../settings.ts'
import type { Console } from '../terminal/console.ts'
import type { CommandContext } from './context.ts'

export function addLogout(program: Command, { settings, console }: CommandContext): void {
  program
    .command('logout')
    .description('delete the token from this machine')
    .argument('[url]', 'URL of the workspace, if not the default one')
    .option('--json', 'print the result as JSON')
    .action((url: string | undefined) => logout({ url, settings, console }))
}

/** Deletes the token of a workspace from this machine. The gateway keeps honouring it until it is revoked there. */
async function logout(options: {
  url: string | undefined
  settings: Settings
  console: Console
}): Promise<void> {
  const { settings, console } = options
  const store = createTokenStore(settings)
  const { href } = await chooseWorkspace(options.url, { ...settings, token: undefined }, store)
  const wasKept = await store.forget(href)
  if (settings.token !== undefined) console.say('MCPGW_TOKEN is still set and goes on being used.')
  console.result({ workspace: href, loggedOut: wasKept }, [
    wasKept ? `Logged out of ${href}.` : `Nobody was logged in to ${href}.`,
  ])
}
