import { z } from 'zod'
import { requireSameRules } from '../access/delegation.ts'
import { hashCode, mintCode } from '../access/login-codes.ts'
import type { Invite } from '../model/invite.ts'
import { ROLES } from '../model/role.ts'
import { instant, line, noAnswer, nothing, toInstant, toInstantOrNull } from './fields.ts'
import { inWorkspace } from './operation.ts'
import { mapPage, pageOf, pageQuery } from './paging.ts'
import { lifetimeS, rules, workspaceRole } from './token-fields.ts'

interface OneInvite {
  workspace: string
  invite: string
}

const DAY_S = 24 * 3600

const inviteInput = z.strictObject({
  member: line(200),
  role: workspaceRole,
  rules: rules.default({}),
  expiresIn: lifetimeS.max(30 * DAY_S, 'must be at most 30 days, in seconds').default(DAY_S),
  tokenExpiresIn: lifetimeS.exactOptional(),
})

/** The link in the clear: the only answer that ever holds it. */
const issuedInvite = z.strictObject({
  id: z.string(),
  link: z.string(),
  member: z.string(),
  role: z.enum(ROLES),
  expiresAt: instant,
})

const inviteAnswer = z.strictObject({
  id: z.string(),
  member: z.string(),
  role: z.enum(ROLES),
  rules,
  state: z.enum(['open', 'used', 'expired']),
  createdAt: instant,
  expiresAt: instant,
  usedAt: instant.nullable(),
  tokenExpiresIn: z.int().exactOptional(),
  tokenId: z.string().exactOptional(),
})

export const createInvite = inWorkspace({
  name: 'invite.create',
  summary: 'Make a link that gives one token to whoever opens it first; it is shown once',
  action: 'token.manage',
  recorded: true,
  input: inviteInput,
  answer: issuedInvite,
  async run({ manage, principal, workspace, deed }, _where, { expiresIn, tokenExpiresIn, ...token }) {
    requireSameRules(principal, token.rules)
    const code = mintCode(manage.random)
    const now = manage.clock.now()
    const invite: Invite = {
      ...token,
      id: manage.newId(),
      workspaceId: workspace.id,
      hash: hashCode(code),
      createdAt: now,
      expiresAt: now + expiresIn * 1000,
      ...(tokenExpiresIn === undefined ? {} : { tokenLifetimeMs: tokenExpiresIn * 1000 }),
    }
    deed.thing = invite.id
    deed.shownAs = invite.member
    await manage.storage.invites.create(invite)
    const { id, member, role, expiresAt } = invite
    const link = `${manage.publicOrigin()}/invite/${code}`
    return { id, link, member, role, expiresAt: toInstant(expiresAt) }
  },
})

export const listInvites = inWorkspace({
  name: 'invite.list',
  summary: 'The invites of a workspace, newest first',
  action: 'token.manage',
  recorded: false,
  input: pageQuery(100),
  answer: pageOf(inviteAnswer),
  async run({ manage, workspace }, _where, query) {
    const now = manage.clock.now()
    return mapPage(await manage.storage.invites.list(workspace.id, query), (invite) => describe(invite, now))
  },
})

export const revokeInvite = inWorkspace({
  name: 'invite.revoke',
  summary: 'Take an invite back; a token it has given stays',
  action: 'token.manage',
  recorded: true,
  input: nothing,
  answer: noAnswer,
  async run({ manage, workspace }, { invite }: OneInvite) {
    await manage.storage.invites.remove(workspace.id, invite)
    return undefined
  },
})

function describe(invite: Invite, now: number): z.output<typeof inviteAnswer> {
  const { id, member, role, rules, createdAt, expiresAt, usedAt, tokenLifetimeMs, tokenId } = invite
  return {
    id,
    member,
    role,
    rules,
    state: stateOf(invite, now),
    createdAt: toInstant(createdAt),
    expiresAt: toInstant(expiresAt),
    usedAt: toInstantOrNull(usedAt),
    ...(tokenLifetimeMs === undefined ? {} : { tokenExpiresIn: tokenLifetimeMs / 1000 }),
    ...(tokenId === undefined ? {} : { tokenId }),
  }
}

function stateOf({ usedAt, expiresAt }: Invite, now: number): 'open' | 'used' | 'expired' {
  if (usedAt !== undefined) return 'used'
  return expiresAt <= now ? 'expired' : 'open'
}
