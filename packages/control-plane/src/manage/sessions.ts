import { z } from 'zod'
import { hashToken, isWellFormedToken, mintToken } from '../access/token-format.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { Token } from '../model/token.ts'
import { findGoodToken } from './approver.ts'
import type { Manage } from './context.ts'
import { INSTALLATION_LOG, record } from './operation.ts'
import { readInput } from './read-input.ts'

/** Half a day of work: who comes back tomorrow signs in again. */
const LIFETIME_MS = 12 * 3_600_000

/** What a browser is given for a token: the only place that ever holds it in the clear. */
export interface OpenedSession {
  session: string
  principal: Principal
  /** Unix milliseconds; not later than the token it was opened with. */
  expiresAt: number
}

/**
 * Opens a session for whoever shows a token, with a row in the log. It may do what the token may, and ends with it.
 * Throws `unauthenticated`, in the same words whatever is wrong with the token; a session is no token.
 */
export async function openSession(manage: Manage, text: string): Promise<OpenedSession> {
  const token = text.trim()
  const holder = isWellFormedToken(token) ? await findGoodToken(manage, hashToken(token)) : undefined
  if (holder === undefined) throw tokenNotAccepted()
  const plain = mintToken(manage.random)
  const session = sessionOf(manage, holder, plain)
  const deed = { ...logOf(holder), thing: session.id, shownAs: holder.name }
  return record(manage, principalOf(holder), 'session.open', deed, async () => {
    await manage.storage.sessions.open(session, holder.hash, session.createdAt).catch(refuseEnded)
    return { session: plain, principal: principalOf(session), expiresAt: session.expiresAt }
  })
}

const signInInput = z.strictObject({ token: z.string() })

/** The same for what a sign-in page sends; rejects with `invalid_request` for what holds no token. */
export async function signIn(manage: Manage, input: unknown): Promise<OpenedSession> {
  return openSession(manage, readInput(signInInput, input).token)
}

/** Ends a session, and whatever it has open, with a row in the log. */
export function closeSession(manage: Manage, principal: Principal): Promise<void> {
  const deed = { ...logOf(principal), thing: principal.tokenId }
  return record(manage, principal, 'session.close', deed, () =>
    manage.storage.tokens.revoke(principal.tokenId, manage.clock.now()),
  )
}

function sessionOf(
  { clock, newId }: Manage,
  holder: Token,
  plain: string,
): Token & { kind: 'session'; expiresAt: number } {
  const { workspaceId, name, member, role, rules, expiresAt = Number.POSITIVE_INFINITY } = holder
  const now = clock.now()
  return {
    id: newId(),
    kind: 'session',
    ...(workspaceId !== undefined && { workspaceId }),
    name,
    member,
    role,
    rules,
    hash: hashToken(plain),
    createdAt: now,
    expiresAt: Math.min(now + LIFETIME_MS, expiresAt),
    parentId: holder.id,
  }
}

function principalOf({ id, kind, workspaceId, member, role, rules, expiresAt }: Token): Principal {
  return {
    tokenId: id,
    ...(kind !== undefined && { kind }),
    ...(workspaceId !== undefined && { workspaceId }),
    member,
    role,
    rules,
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function logOf({ workspaceId = INSTALLATION_LOG }: { workspaceId?: string }) {
  return { workspaceId }
}

/** It ended between the look at it and the lock on it. */
function refuseEnded(error: unknown): never {
  const { code } = asGatewayError(error)
  throw code === 'conflict' || code === 'not_found' ? tokenNotAccepted(error) : error
}

function tokenNotAccepted(cause?: unknown): GatewayError {
  return new GatewayError('unauthenticated', 'This token is not accepted.', {
    cause,
    refusesToken: true,
    fix: 'Check that it is complete, or ask an admin of the workspace for a new one.',
  })
}
