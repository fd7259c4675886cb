import type { Readable } from 'node:stream'
import type { Command } from 'commander'
import { BridgeError } from '../bridge-error.ts'
import { createAccess } from '../credentials/access.ts'
import { requireWellFormedToken } from '../credentials/token.ts'
import { createTokenStore } from '../credentials/token-store.ts'
import type { Settings } from '../settings.ts'
import type { Console } from '../terminal/console.ts'
import { parseWorkspaceUrl, type WorkspaceUrl } from '../workspace-url.ts'
import type { CommandContext } from './context.ts'
import { expiryOf, fetchIdentity, type Identity } from './identity.ts'

export function addLogin(program: Command, { settings, streams, console }: CommandContext): void {
  program
    .command('login')
    .description('check a token and keep it in the keychain')
    .argument('<url>', 'URL of the workspace')
    .option('--with-token', 'read the token from stdin')
    .option('--json', 'print the result as JSON')
    .action((url: string, { withToken = false }: { withToken?: boolean }) =>
      login({ url, withToken, settings, stdin: streams.stdin, console }),
    )
}

/** Checks a token with the gateway and keeps it for the bridge. */
async function login(options: {
  url: string
  withToken: boolean
  settings: Settings
  stdin: Readable & { readonly isTTY?: boolean }
  console: Console
}): Promise<void> {
  const { settings, console } = options
  const workspace = parseWorkspaceUrl(options.url)
  if (!options.withToken) {
    throw new BridgeError('usage', 'Logging in needs a token.', {
      fix: `Pipe it in: mcpgw login ${workspace.href} --with-token < token-file`,
    })
  }
  if (options.stdin.isTTY) console.say('Paste the token, then press Enter and Ctrl-D.')
  const token = await readToken(options.stdin)
  const identity = await checkToken(token, workspace, settings)
  const kept = await createTokenStore(settings).save(workspace.href, token)
  if (kept.warning !== undefined) {
    console.warn(`${kept.warning} The token is kept in ${kept.path}, readable by you alone.`)
  }
  const { role, member } = identity
  const expiresAt = expiryOf(identity)
  const where = kept.storage === 'keychain' ? 'the keychain' : kept.path
  console.result({ workspace: workspace.href, role, member, expiresAt, storage: kept.storage }, [
    `Logged in to ${workspace.href} as ${member} (${role}). The token is kept in ${where}.`,
  ])
}

async function readToken(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(chunk)
  return requireWellFormedToken(Buffer.concat(chunks).toString('utf8').trim(), 'stdin')
}

async function checkToken(token: string, workspace: WorkspaceUrl, settings: Settings): Promise<Identity> {
  const access = createAccess({ ...settings, token, workspace: undefined }, workspace.href)
  try {
    const identity = await fetchIdentity(access)
    requireUsable(identity, workspace)
    return identity
  } finally {
    await access.close()
  }
}

function requireUsable(identity: Identity, workspace: WorkspaceUrl): void {
  if (identity.role === 'owner') {
    throw new BridgeError('forbidden', 'An owner token opens the whole installation and is not kept here.', {
      fix: 'Issue a developer token for this workspace and log in with that one.',
    })
  }
  if (identity.workspace !== workspace.slug) {
    const theirs = identity.workspace === undefined ? 'no workspace' : `the workspace "${identity.workspace}"`
    throw new BridgeError('forbidden', `This token is for ${theirs}, not for "${workspace.slug}".`, {
      fix: 'Log in with the URL of the workspace the token was issued for.',
    })
  }
}
