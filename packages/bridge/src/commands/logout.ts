import type { Command } from 'commander'
import { BridgeError } from '../bridge-error.ts'
import { createTokenStore, type TokenStore } from '../credentials/token-store.ts'
import { chooseWorkspace } from '../credentials/workspace-choice.ts'
import type { CommandContext } from './context.ts'

export function addLogout(program: Command, context: CommandContext): void {
  program
    .command('logout')
    .description('delete the token from this machine')
    .argument('[url]', 'URL of the workspace, if not the default one')
    .option('--all', 'log out of all workspaces')
    .option('--json', 'print the result as JSON')
    .action((url: string | undefined, { all = false }: { all?: boolean }) => logout({ url, all, context }))
}

/** Deletes tokens from this machine. The gateway keeps honouring them until they are revoked there. */
async function logout(options: {
  url: string | undefined
  all: boolean
  context: CommandContext
}): Promise<void> {
  const { settings, console } = options.context
  if (options.all && options.url !== undefined) {
    throw new BridgeError('usage', 'A logout is from one workspace or from --all, not both.')
  }
  const store = createTokenStore(settings)
  if (settings.token !== undefined) console.warn('MCPGW_TOKEN is still set and goes on being used.')
  if (options.all) return logoutOfAll(store, console)

  const { href } = await chooseWorkspace(options.url, { ...settings, token: undefined }, store)
  const wasDefault = (await store.defaultWorkspace()) === href
  const loggedOut = await store.forget(href)
  const heir = wasDefault ? await store.defaultWorkspace() : undefined
  console.result({ workspace: href, loggedOut, default: heir }, [
    loggedOut ? `Logged out of ${href}.` : `Nobody was logged in to ${href}.`,
    ...(heir === undefined ? [] : [`${heir} is the default workspace now.`]),
  ])
}

/** One that fails keeps none of the others. */
async function logoutOfAll(store: TokenStore, console: CommandContext['console']): Promise<void> {
  const logins = await store.logins()
  const outcomes = []
  for (const { workspace } of logins) {
    const failure = await store.forget(workspace).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    outcomes.push({ workspace, failure })
  }
  const failed = outcomes.find(({ failure }) => failure !== undefined)
  const done = outcomes.filter(({ failure }) => failure === undefined)
  if (failed?.failure !== undefined) {
    for (const { workspace } of done) console.say(`Logged out of ${workspace}.`)
    throw failed.failure.error
  }
  console.result(
    { items: done.map(({ workspace }) => ({ workspace, loggedOut: true })) },
    done.length === 0
      ? ['Nobody was logged in on this machine.']
      : done.map(({ workspace }) => `Logged out of ${workspace}.`),
  )
}
