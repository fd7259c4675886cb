import type { Command } from 'commander'
import { BridgeError } from '../bridge-error.ts'
import { createTokenStore, type KnownLogin } from '../credentials/token-store.ts'
import { parseWorkspaceUrl } from '../workspace-url.ts'
import type { CommandContext } from './context.ts'

export function addUse(program: Command, context: CommandContext): void {
  program
    .command('use')
    .description('choose the default workspace, or list those you are logged in to')
    .argument('[workspace]', 'URL or last part of the URL')
    .option('--json', 'print the result as JSON')
    .action((wish: string | undefined) => use(wish, context))
}

async function use(wish: string | undefined, { settings, console }: CommandContext): Promise<void> {
  const store = createTokenStore(settings)
  const logins = await store.logins()
  if (wish === undefined) return list(logins, console)
  const { workspace } = requireLogin(wish, logins)
  await store.makeDefault(workspace)
  const winner = settings.workspace ?? settings.ownWorkspace
  if (winner !== undefined) {
    const why = settings.workspace === undefined ? 'This copy of mcpgw is for' : 'MCPGW_WORKSPACE is set to'
    console.warn(`${why} ${winner}, which wins over the default.`)
  }
  console.result({ workspace }, [`The default workspace is ${workspace} now.`])
}

function list(logins: readonly KnownLogin[], console: CommandContext['console']): void {
  const items = logins.map(({ workspace, isDefault, storage }) => ({
    workspace,
    default: isDefault,
    storage,
  }))
  const lines = logins.map(({ workspace, isDefault }) => `${isDefault ? '*' : ' '} ${workspace}`)
  console.result({ items }, lines)
  if (logins.length === 0) console.say('Nobody is logged in on this machine. Type: mcpgw login URL')
}

function requireLogin(wish: string, logins: readonly KnownLogin[]): KnownLogin {
  const isSlug = /^[^/:]+$/.test(wish)
  const href = isSlug ? undefined : parseWorkspaceUrl(wish).href
  const found = logins.filter(({ workspace }) =>
    isSlug ? workspace.endsWith(`/ws/${wish}`) : workspace === href,
  )
  const [login, another] = found
  if (another !== undefined) {
    const urls = found.map(({ workspace }) => workspace).join(', ')
    throw new BridgeError('usage', `"${wish}" is the name of more than one workspace: ${urls}.`, {
      fix: 'Give the whole URL.',
    })
  }
  if (login !== undefined) return login
  throw new BridgeError('login_needed', `Nobody is logged in to ${href ?? wish} on this machine.`, {
    fix: `Type: mcpgw login ${href ?? 'URL'}`,
  })
}
