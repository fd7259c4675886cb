import { isAbove } from '../access/delegation.ts'
import { hashCode, parseInvite } from '../access/login-codes.ts'
import { may } from '../access/permissions.ts'
import { hashToken, isWellFormedToken } from '../access/token-format.ts'
import { GatewayError } from '../model/error.ts'
import type { LoginProof } from '../model/pending-login.ts'
import type { Principal } from '../model/principal.ts'
import type { Role } from '../model/role.ts'
import type { Token } from '../model/token.ts'
import type { Workspace } from '../model/workspace.ts'
import type { Manage } from './context.ts'

/** Somebody who may let a device in: the holder of a token or of an invite. */
export interface Approver extends LoginProof {
  /** As whom they act; behind an invite stands the member whom it invites. */
  principal: Principal
  /** When what they give out ends; Unix milliseconds. */
  expiresAt?: number
}

/** Finds who stands behind a token, an invite code or an invite link; undefined unless it is good at this moment. */
export async function findApprover(manage: Manage, proof: string): Promise<Approver | undefined> {
  const text = proof.trim()
  if (isWellFormedToken(text)) return approverWithToken(manage, hashToken(text))
  const code = parseInvite(text)
  return code === undefined ? undefined : approverWithInvite(manage, hashCode(code))
}

/** The same approver again, later; undefined when the proof is not good any more. */
export function findApproverAgain(
  manage: Manage,
  { proofKind, proofHash }: LoginProof,
): Promise<Approver | undefined> {
  return proofKind === 'token' ? approverWithToken(manage, proofHash) : approverWithInvite(manage, proofHash)
}

/** The token stored under a hash, when it is good at this moment. A session is none: what it gave out would outlive it. */
export async function findGoodToken(manage: Manage, hash: string): Promise<Token | undefined> {
  const token = await manage.storage.tokens.byHash(hash)
  if (token === undefined || token.kind === 'session' || token.revokedAt !== undefined) return undefined
  const isOver = token.expiresAt !== undefined && token.expiresAt <= manage.clock.now()
  return isOver ? undefined : token
}

async function approverWithToken(manage: Manage, hash: string): Promise<Approver | undefined> {
  const token = await findGoodToken(manage, hash)
  if (token === undefined) return undefined
  const { expiresAt, workspaceId, member, role, rules } = token
  const scope = workspaceId === undefined ? {} : { workspaceId }
  return {
    principal: { tokenId: token.id, ...scope, member, role, rules },
    proofKind: 'token',
    proofHash: hash,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}

async function approverWithInvite(manage: Manage, hash: string): Promise<Approver | undefined> {
  const invite = await manage.storage.invites.byHash(hash)
  const now = manage.clock.now()
  if (invite === undefined || invite.usedAt !== undefined || invite.expiresAt <= now) return undefined
  const { id, workspaceId, member, role, rules, tokenLifetimeMs } = invite
  return {
    principal: { tokenId: id, workspaceId, member, role, rules },
    proofKind: 'invite',
    proofHash: hash,
    ...(tokenLifetimeMs === undefined ? {} : { expiresAt: now + tokenLifetimeMs }),
  }
}

/** Throws the same for a workspace that does not exist as for one that the approver has nothing to say in. */
export function requireReach({ principal }: Approver, workspace: Workspace | undefined): Workspace {
  if (workspace !== undefined && may(principal, 'login', workspace.id)) return workspace
  throw notAccepted()
}

/** The role that a device gets: what was asked for where the approver may give it; an invite says it by itself. */
export function requireRole({ principal, proofKind }: Approver, asked: Role | undefined): Role {
  if (proofKind === 'invite') return principal.role
  const highest = principal.role === 'owner' ? 'admin' : principal.role
  if (asked === undefined) return isAbove('developer', highest) ? highest : 'developer'
  if (!isAbove(asked, highest)) return asked
  throw new GatewayError('forbidden', `This token may not let anyone in as "${asked}".`, {
    fix: `Choose "${highest}" or a role below it.`,
  })
}

/** One refusal for every proof that does not open the workspace: it says nothing about which there are. */
export function notAccepted(cause?: unknown): GatewayError {
  return new GatewayError('unauthenticated', 'This token or invite does not open this workspace.', {
    cause,
    fix: 'Use a token of this workspace that has not ended, or an invite that was not used yet.',
  })
}
