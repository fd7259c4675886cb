import type { Command } from 'commander'
import { expiryOf, fetchIdentity } from '../api/identity.ts'
import type { Identity } from '../api/shapes.ts'
import { BridgeError } from '../bridge-error.ts'
import { type Access, createAccess } from '../credentials/access.ts'
import { createTokenStore, type FoundToken } from '../credentials/token-store.ts'
import type { Settings } from '../settings.ts'
import type { CommandContext } from './context.ts'

export function addWhoami(program: Command, context: CommandContext): void {
  program
    .command('whoami')
    .description('tell who you are to the gateway, and where the token is kept')
    .option('--workspace <url>', 'workspace to ask for instead of the default one')
    .option('--json', 'print the result as JSON')
    .action(({ workspace }: { workspace?: string }) => whoami(workspace, context))
}

/** Tells who the gateway takes this user for, and where the token was found. */
async function whoami(flag: string | undefined, { settings, console }: CommandContext): Promise<void> {
  const access = createAccess(settings, flag)
  try {
    const { href } = await access.workspace()
    const { source, where } = await access.token()
    const unused = source === 'MCPGW_TOKEN' ? await storedLogin(href, settings) : undefined
    const identity = await askIdentity(access, source)
    const { role, member } = identity
    const expiresAt = expiryOf(identity)
    console.result({ role, member, workspace: href, expiresAt, storage: source, where, unused }, [
      `workspace  ${href}`,
      `member     ${member}`,
      `role       ${role}`,
      `expires    ${expiresAt ?? 'never'}`,
      `token      from ${source === 'keychain' ? 'the ' : ''}${where}`,
      ...(unused === undefined ? [] : [`           which wins over the login kept in ${unused.where}`]),
    ])
  } finally {
    await access.close()
  }
}

/** The login that the environment's token wins over. */
async function storedLogin(workspace: string, settings: Settings) {
  const store = createTokenStore(settings)
  const login = (await store.logins()).find((known) => known.workspace === workspace)
  return login && { storage: login.storage, where: store.describe(login.storage) }
}

/** A login does not help against a variable that wins over it. */
async function askIdentity(access: Access, source: FoundToken['source']): Promise<Identity> {
  return fetchIdentity(access).catch((error: unknown) => {
    const isOfVariable =
      error instanceof BridgeError && error.reason === 'login_needed' && source === 'MCPGW_TOKEN'
    if (!isOfVariable) throw error
    throw new BridgeError('login_needed', error.message, {
      fix: `Put another token into MCPGW_TOKEN, or unset it. ${error.fix ?? ''}`.trim(),
      cause: error,
    })
  })
}
