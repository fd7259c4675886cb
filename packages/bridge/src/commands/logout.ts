import { createTokenStore } from '../credentials/token-store.ts'
import { chooseWorkspace } from '../credentials/workspace-choice.ts'
import type { Settings } from '../settings.ts'
import type { Console } from './console.ts'

/** Deletes the token of a workspace from this machine. The gateway keeps honouring it until it is revoked there. */
export async function logout(options: {
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
