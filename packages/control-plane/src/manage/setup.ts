import { z } from 'zod'
import { hashToken, mintToken } from '../access/token-format.ts'
import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { PackageRef } from '../model/server.ts'
import type { Manage } from './context.ts'
import { line } from './fields.ts'
import { INSTALLATION_LOG, perform, record } from './operation.ts'
import { readInput } from './read-input.ts'
import { createServer } from './servers.ts'
import { createWorkspace, slug } from './workspaces.ts'

const LIFETIME_MS = 24 * 3_600_000
const CONTEXT = 'first owner'

/** A server that works without a network or a credential. */
export type StarterServer = { name: string; args: string[]; env: Record<string, string> } & (
  | { command: string }
  | { package: PackageRef }
)

export interface SetUp {
  /** The owner token: the only answer that ever holds it. */
  token: string
  member: string
  /** The slug. */
  workspace: string
  /** Those that were added to a new workspace. */
  servers: string[]
  /** Why there is no server in it, where there is none. */
  note?: string
}

const setUpInput = z.strictObject({
  code: z.string(),
  member: line(200),
  workspace: z.strictObject({ slug, name: line(100) }),
})

/** Whether there is no owner yet. */
export async function isSetUpOpen({ storage }: Manage): Promise<boolean> {
  return (await storage.tokens.countOwners()) === 0
}

/** What makes whoever brings it the first owner: good for a day, at every replica, until there is one. */
export function mintSetUpCode({ vault, clock }: Manage): string {
  const expiresAt = String(clock.now() + LIFETIME_MS)
  return vault.sealer('setup').seal(Buffer.from(expiresAt), CONTEXT)
}

/**
 * Makes the first owner, and the workspace they name unless it is there already, with servers to try it with. Leaves
 * rows in the log. Throws `conflict` when there is an owner, whatever came along, and `forbidden` for a code that is not
 * good; of two at once, one succeeds. When something fails after that, it can be done again with the same code.
 */
export async function setUp(
  manage: Manage,
  starterServers: () => StarterServer[],
  input: unknown,
): Promise<SetUp> {
  if (!(await isSetUpOpen(manage))) throw alreadySetUp()
  requireCode(manage, input)
  const { member, workspace } = readInput(setUpInput, input)
  const token = mintToken(manage.random)
  const owner: Principal = { tokenId: manage.newId(), member, role: 'owner', rules: {} }
  const deed = { workspaceId: INSTALLATION_LOG, thing: owner.tokenId, shownAs: workspace.slug }
  return record(manage, owner, 'setup', deed, async () => {
    await createFirstOwner(manage, owner, token)
    try {
      return { token, member, ...(await furnish(manage, owner, workspace, starterServers)) }
    } catch (error) {
      // Nobody would ever learn the token, and the link would be used up.
      await manage.storage.tokens.revoke(owner.tokenId, manage.clock.now())
      throw error
    }
  })
}

function createFirstOwner({ storage, clock }: Manage, owner: Principal, token: string): Promise<void> {
  const { tokenId: id, member } = owner
  return storage.tokens.createFirstOwner({
    id,
    name: 'first',
    member,
    role: 'owner',
    rules: {},
    hash: hashToken(token),
    createdAt: clock.now(),
  })
}

async function furnish(
  manage: Manage,
  owner: Principal,
  workspace: { slug: string; name: string },
  starterServers: () => StarterServer[],
) {
  const known = await manage.storage.workspaces.bySlug(workspace.slug)
  if (known !== undefined) return { workspace: workspace.slug, servers: [] }
  await perform(manage, createWorkspace, owner, {}, workspace)
  return { workspace: workspace.slug, ...(await addStarters(manage, owner, workspace.slug, starterServers)) }
}

/** That they cannot run here keeps nobody from becoming the owner. */
async function addStarters(
  manage: Manage,
  owner: Principal,
  slug: string,
  starterServers: () => StarterServer[],
): Promise<{ servers: string[]; note?: string }> {
  const servers: string[] = []
  try {
    for (const server of starterServers()) {
      await perform(manage, createServer, owner, { workspace: slug }, server)
      servers.push(server.name)
    }
    return { servers }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { servers, note: [error.message, error.fix].filter(Boolean).join(' ') }
  }
}

/** The code first: whoever has none learns nothing of what else they sent. */
function requireCode({ vault, clock }: Manage, input: unknown): void {
  const { data: code = '' } = z
    .object({ code: z.string() })
    .transform((body) => body.code)
    .safeParse(input)
  const opened = vault.sealer('setup').open(code, CONTEXT)
  if (opened !== undefined && Number(Buffer.from(opened).toString()) > clock.now()) return
  throw new GatewayError('forbidden', 'This set-up link is not accepted.', {
    fix: 'Open the link that the control plane printed when it started; it is good for a day. Start it again for a new one.',
  })
}

function alreadySetUp(): GatewayError {
  return new GatewayError('conflict', 'This installation has an owner already: the link is used up.', {
    fix: 'Sign in with a token. Owners can make more of them.',
  })
}
