import { z } from 'zod'
import type { MemberShare } from '../model/member.ts'
import { ROLES } from '../model/role.ts'
import type { Workspace } from '../model/workspace.ts'
import { instant, line, toInstantOrNull } from './fields.ts'
import { INSTALLATION_LOG, inWorkspace, onInstallation, record, type Scene } from './operation.ts'
import { MAX_PAGE, mapPage, pageByName, pageOf, pageQuery } from './paging.ts'

const roles = z.array(z.enum(ROLES))

const memberAnswer = z.strictObject({
  member: z.string(),
  roles,
  /** Live ones: neither revoked nor expired. */
  tokens: z.int(),
  sessions: z.int(),
  lastUsedAt: instant.nullable(),
})

const memberEverywhere = z.strictObject({
  member: z.string(),
  workspaces: z.array(z.strictObject({ slug: z.string(), roles, tokens: z.int() })),
  ownerTokens: z.int(),
  lastUsedAt: instant.nullable(),
})

const oneMember = z.strictObject({ member: line(200) })

/** How many tokens ended, expired ones and those that came from them included. */
const revoked = z.int()

export const listMembers = inWorkspace({
  name: 'member.list',
  summary: 'The members of a workspace: whoever holds a live token of it',
  action: 'token.manage',
  recorded: false,
  input: pageQuery(MAX_PAGE),
  answer: pageOf(memberAnswer),
  async run({ manage, workspace }, _where, query) {
    const shares = await manage.storage.members.shares(manage.clock.now(), workspace.id)
    return mapPage(pageByName(byMember(shares), query), ({ name, shares: own }) => ({
      member: name,
      ...describeShares(own),
      sessions: sum(own, 'sessions'),
      lastUsedAt: lastUse(own),
    }))
  },
})

export const revokeMember = inWorkspace({
  name: 'member.revoke',
  summary: 'End every token and session of a member in the workspace, and their open invites',
  action: 'token.manage',
  recorded: true,
  input: oneMember,
  answer: z.strictObject({ revoked }),
  async run({ manage, workspace, deed }, _where, { member }) {
    deed.thing = member
    const ended = await manage.storage.members.revokeInWorkspace(workspace.id, member, manage.clock.now())
    return { revoked: ended.revoked }
  },
})

export const listAllMembers = onInstallation({
  name: 'member.list-all',
  summary: 'The members of all workspaces, and who holds owner tokens',
  action: 'token.manage-owners',
  recorded: false,
  input: pageQuery(MAX_PAGE),
  answer: pageOf(memberEverywhere),
  async run({ manage }, _where, query) {
    const shares = await manage.storage.members.shares(manage.clock.now())
    const page = pageByName(byMember(shares), query)
    const workspaces = await workspacesOf(manage, page.items)
    return mapPage(page, ({ name, shares: own }) => ({
      member: name,
      workspaces: describeWorkspaces(own, workspaces),
      ownerTokens: describeShares(own.filter(isOwners)).tokens,
      lastUsedAt: lastUse(own),
    }))
  },
})

export const revokeMemberEverywhere = onInstallation({
  name: 'member.revoke-everywhere',
  summary: 'End every token and session of a member in all workspaces; the last owner token stays',
  action: 'token.manage-owners',
  recorded: true,
  input: oneMember,
  answer: z.strictObject({
    revoked,
    /** The last owner token there is, if it is theirs: without it nobody could issue one again. */
    kept: z.strictObject({ id: z.string(), name: z.string() }).exactOptional(),
  }),
  async run(scene, _where, { member }) {
    const { manage, principal, deed } = scene
    deed.workspaceId = INSTALLATION_LOG
    deed.thing = member
    const inWorkspaces = await revokeInWorkspaces(scene, member)
    const owners = await manage.storage.members.revokeOwner(member, manage.clock.now(), principal.tokenId)
    // What came from an owner's token elsewhere ended with it: their logs say so too.
    for (const workspaceId of owners.workspaceIds) await noteRevocation(scene, workspaceId, member)
    const { kept } = owners
    return { revoked: inWorkspaces + owners.revoked, ...(kept !== undefined && { kept }) }
  },
})

/** In each workspace by itself, with a row in its log. */
async function revokeInWorkspaces({ manage, principal }: Scene, member: string): Promise<number> {
  let count = 0
  for (const workspaceId of await manage.storage.members.workspacesOf(member)) {
    const ended = await record(manage, principal, 'member.revoke', { workspaceId, thing: member }, () =>
      manage.storage.members.revokeInWorkspace(workspaceId, member, manage.clock.now()),
    )
    count += ended.revoked
  }
  return count
}

function noteRevocation({ manage, principal }: Scene, workspaceId: string, member: string): Promise<void> {
  return record(manage, principal, 'member.revoke', { workspaceId, thing: member }, async () => {})
}

interface MemberWithShares {
  name: string
  shares: MemberShare[]
}

function byMember(shares: readonly MemberShare[]): MemberWithShares[] {
  const members = Map.groupBy(shares, ({ member }) => member)
  return Array.from(members, ([name, own]) => ({ name, shares: own }))
}

/** From the strongest role to the weakest. */
function describeShares(shares: readonly MemberShare[]) {
  const held = new Set(shares.map(({ role }) => role))
  return {
    roles: ROLES.filter((role) => held.has(role)),
    tokens: sum(shares, 'tokens'),
  }
}

function sum(shares: readonly MemberShare[], of: 'tokens' | 'sessions'): number {
  return shares.reduce((total, share) => total + share[of], 0)
}

function lastUse(shares: readonly MemberShare[]): string | null {
  const uses = shares.flatMap(({ lastUsedAt }) => lastUsedAt ?? [])
  return toInstantOrNull(uses.length === 0 ? undefined : Math.max(...uses))
}

function isOwners({ workspaceId }: MemberShare): boolean {
  return workspaceId === undefined
}

async function workspacesOf(
  { storage }: Scene['manage'],
  members: readonly MemberWithShares[],
): Promise<Map<string, Workspace>> {
  const ids = new Set(members.flatMap(({ shares }) => shares.flatMap(({ workspaceId }) => workspaceId ?? [])))
  const found = await Promise.all([...ids].map((id) => storage.workspaces.byId(id)))
  return new Map(found.flatMap((workspace) => (workspace === undefined ? [] : [[workspace.id, workspace]])))
}

function describeWorkspaces(shares: readonly MemberShare[], workspaces: ReadonlyMap<string, Workspace>) {
  const own = Map.groupBy(
    shares.filter((share) => !isOwners(share)),
    ({ workspaceId = '' }) => workspaceId,
  )
  return [...own].flatMap(([id, held]) => {
    const workspace = workspaces.get(id)
    return workspace === undefined ? [] : [{ slug: workspace.slug, ...describeShares(held) }]
  })
}
