import { isAbove } from '../access/delegation.ts'
import {
  formatUserCode,
  hashCode,
  isVerifierOf,
  mintCode,
  mintUserCode,
  parseInvite,
  parseUserCode,
} from '../access/login-codes.ts'
import { noSuchWorkspace } from '../access/permissions.ts'
import { GatewayError } from '../model/error.ts'
import type { PendingLogin } from '../model/pending-login.ts'
import type { Role } from '../model/role.ts'
import { type Approver, findApprover, findApproverAgain, notAccepted } from './approver.ts'
import type { Manage } from './context.ts'
import { line } from './fields.ts'
import { approve, type IssuedLogin, issueLogin, type LoginMethod } from './issue-login.ts'
import { INSTALLATION_LOG, record } from './operation.ts'
import { readInput } from './read-input.ts'

export type { IssuedLogin } from './issue-login.ts'

export interface CodeLogin {
  /** The text of a workspace token, an invite code or an invite link. */
  proof: string
  /** Not above the proof's. Absent: developer, or less where the proof is less. An invite gives its own. */
  role?: Role
  /** The slug that the client asked for. */
  workspace: string
  deviceName: string
  codeChallenge: string
  redirectUri: string
  /** Whose code it is. */
  clientId: string
  /** No proof gives this client more; what would is refused. */
  atMost?: Role
}

export interface CodeRedemption {
  code: string
  clientId: string
  redirectUri: string
  codeVerifier: string
  /** The slug, where the client names one again. */
  workspace?: string
}

export interface DeviceLoginRequest {
  workspace: string
  deviceName: string
  address: string
}

export interface BegunDeviceLogin {
  deviceCode: string
  /** As people read it: `BCDF-GHJK`. */
  userCode: string
  expiresInS: number
  intervalS: number
}

export interface DeviceLoginDescription extends DeviceLoginRequest {
  /** Unix milliseconds, both. */
  requestedAt: number
  expiresAt: number
}

export type DeviceDecision =
  | { userCode: string; approve: true; proof: string; role?: Role }
  | { userCode: string; approve: false }

export type DevicePoll =
  | { state: 'pending' | 'slow_down' | 'denied' | 'expired' }
  | { state: 'issued'; login: IssuedLogin }

export interface InviteDescription {
  workspace: string
  member: string
  role: Role
  /** When the link ends; Unix milliseconds. */
  expiresAt: number
}

const CODE_LIFETIME_MS = 60_000
const DEVICE_LIFETIME_MS = 600_000
const DEVICE_INTERVAL_S = 5
// Half a second less than told: that one message travels faster than the last is not the device's fault.
const DEVICE_INTERVAL_MS = DEVICE_INTERVAL_S * 1000 - 500
const SLOW_DOWN_MS = 5_000
// As long again: so that a device hears "expired", and a code that comes back ends its token.
const REMEMBERED_MS = DEVICE_LIFETIME_MS
const MAX_WAITING_PER_ADDRESS = 100
const MAX_WAITING = 10_000

const deviceNameLine = line(100)

/**
 * Approves a login in the browser. Throws `unauthenticated` when the proof does not open the workspace, whatever is
 * wrong with it and whether or not there is such a workspace; `forbidden` when it may not give the role asked for;
 * `invalid_request` for a device name that is empty, too long or not one line.
 */
export async function approveCodeLogin(manage: Manage, login: CodeLogin): Promise<{ code: string }> {
  const deviceName = readDeviceName(login.deviceName)
  const { workspace, codeChallenge, redirectUri, clientId } = login
  const approver = await requireApprover(manage, login.proof)
  const order = { approver, workspace, deviceName, role: login.role }
  const role = await approve(manage, { ...order, method: 'login.code' })
  if (login.atMost !== undefined && isAbove(role, login.atMost)) throw tooMuch(login.atMost)
  const { proofKind, proofHash } = approver
  const code = mintCode(manage.random)
  await begin(manage, CODE_LIFETIME_MS, {
    kind: 'code',
    hash: hashCode(code),
    workspace,
    deviceName,
    redirectUri,
    clientId: hashCode(clientId),
    codeChallenge,
    decision: 'approved',
    role,
    proofKind,
    proofHash,
  })
  return { code }
}

/**
 * Exchanges a code for its token, once. Throws `unauthenticated` for every code that is not good any more or not
 * for this client, and `not_found` when another workspace is named than the one approved. A used code that comes
 * again ends the token it gave.
 */
export async function redeemCode(manage: Manage, redemption: CodeRedemption): Promise<IssuedLogin> {
  const login = await manage.storage.logins.byHash(hashCode(redemption.code))
  if (login?.kind !== 'code') throw codeNotAccepted()
  if (login.tokenId !== undefined) return endReused(manage, login, login.tokenId)
  if (login.expiresAt <= manage.clock.now()) throw codeNotAccepted()
  if (login.redirectUri !== redemption.redirectUri) throw codeNotAccepted()
  if (login.clientId !== hashCode(redemption.clientId)) throw codeNotAccepted()
  if (!isVerifierOf(login.codeChallenge ?? '', redemption.codeVerifier)) throw codeNotAccepted()
  if ((redemption.workspace ?? login.workspace) !== login.workspace) throw noSuchWorkspace()
  return redeemLogin(manage, login).catch(async (refusal: unknown) => {
    // Whoever lost a race for the code has brought a used one as well.
    const { tokenId } = (await manage.storage.logins.byHash(login.hash)) ?? {}
    if (tokenId !== undefined) await endReused(manage, login, tokenId)
    throw refusal
  })
}

/**
 * Begins a login on a device without a browser; says the same whether or not there is such a workspace. Throws
 * `too_many` when so many wait that somebody must be playing.
 */
export async function beginDeviceLogin(
  manage: Manage,
  request: DeviceLoginRequest,
): Promise<BegunDeviceLogin> {
  const { workspace, address } = request
  const deviceName = readDeviceName(request.deviceName)
  await requireRoom(manage, address)
  const deviceCode = mintCode(manage.random)
  const userCode = mintUserCode(manage.random)
  await begin(manage, DEVICE_LIFETIME_MS, {
    kind: 'device',
    hash: hashCode(deviceCode),
    workspace,
    deviceName,
    userCode,
    address,
    intervalMs: DEVICE_INTERVAL_MS,
  })
  return {
    deviceCode,
    userCode: formatUserCode(userCode),
    expiresInS: DEVICE_LIFETIME_MS / 1000,
    intervalS: DEVICE_INTERVAL_S,
  }
}

/** What stands behind a user code that waits for a decision. Throws `not_found` when nothing does. */
export async function describeDeviceLogin(
  manage: Manage,
  { userCode }: { userCode: string },
): Promise<DeviceLoginDescription> {
  const { workspace, deviceName, address = '', createdAt, expiresAt } = await requireWaiting(manage, userCode)
  return { workspace, deviceName, address, requestedAt: createdAt, expiresAt }
}

/** Approves or denies. Throws `not_found` when no such code waits any more, and otherwise like `approveCodeLogin`. */
export async function decideDeviceLogin(manage: Manage, decision: DeviceDecision): Promise<void> {
  const login = await requireWaiting(manage, decision.userCode)
  const taken = decision.approve
    ? await approveDevice(manage, login, decision)
    : ({ decision: 'denied' } as const)
  const first = await manage.storage.logins.decide(login.userCode, taken, manage.clock.now())
  if (!first) throw nothingWaits()
}

/**
 * Says how a device login stands, and gives its token once. Throws `unauthenticated` for a device code that is
 * unknown or has given its token; one that comes again ends the token it gave.
 */
export async function pollDeviceLogin(
  manage: Manage,
  { deviceCode }: { deviceCode: string },
): Promise<DevicePoll> {
  const { logins } = manage.storage
  const hash = hashCode(deviceCode)
  const now = manage.clock.now()
  const login = await logins.byHash(hash)
  if (login?.kind !== 'device') throw codeNotAccepted()
  // Before anything else: of a device that asks twice at once, the second must not look like a thief.
  if (!(await logins.notePoll(hash, now, SLOW_DOWN_MS))) return { state: 'slow_down' }
  if (login.tokenId !== undefined) return endReused(manage, login, login.tokenId)
  if (login.expiresAt <= now) return { state: 'expired' }
  if (login.decision === undefined) return { state: 'pending' }
  if (login.decision === 'denied') return { state: 'denied' }
  return { state: 'issued', login: await redeemLogin(manage, login) }
}

/** Uses up an invite, given as code or link. Throws `unauthenticated` when it is unknown, used or over. */
export async function acceptInvite(
  manage: Manage,
  { invite, deviceName }: { invite: string; deviceName: string },
): Promise<IssuedLogin> {
  const name = readDeviceName(deviceName)
  const { approver, workspace } = await requireInvite(manage, invite)
  return issueLogin(manage, {
    method: 'login.invite',
    approver,
    workspace,
    deviceName: name,
    role: undefined,
  })
}

/** What an unused invite that is still alive would give; undefined for every other. Uses nothing up. */
export async function describeInvite(
  manage: Manage,
  { invite: text }: { invite: string },
): Promise<InviteDescription | undefined> {
  const code = parseInvite(text)
  const invite = code === undefined ? undefined : await manage.storage.invites.byHash(hashCode(code))
  if (invite === undefined || invite.usedAt !== undefined) return undefined
  if (invite.expiresAt <= manage.clock.now()) return undefined
  const workspace = await manage.storage.workspaces.byId(invite.workspaceId)
  if (workspace === undefined) return undefined
  return {
    workspace: workspace.slug,
    member: invite.member,
    role: invite.role,
    expiresAt: invite.expiresAt,
  }
}

type NewLogin = Omit<PendingLogin, 'createdAt' | 'expiresAt'>

async function begin(manage: Manage, lifetimeMs: number, login: NewLogin): Promise<void> {
  const now = manage.clock.now()
  const timed = { ...login, createdAt: now, expiresAt: now + lifetimeMs }
  await manage.storage.logins.begin(timed, now - REMEMBERED_MS)
}

async function requireApprover(manage: Manage, proof: string): Promise<Approver> {
  const approver = await findApprover(manage, proof)
  if (approver === undefined) throw notAccepted()
  return approver
}

async function requireInvite(
  manage: Manage,
  text: string,
): Promise<{ approver: Approver; workspace: string }> {
  const approver = parseInvite(text) === undefined ? undefined : await findApprover(manage, text)
  const workspace = await manage.storage.workspaces.byId(approver?.principal.workspaceId ?? '')
  if (approver === undefined || workspace === undefined) throw inviteNotAccepted()
  return { approver, workspace: workspace.slug }
}

async function redeemLogin(manage: Manage, login: PendingLogin): Promise<IssuedLogin> {
  const { proofKind, proofHash, workspace, deviceName, role } = login
  if (proofKind === undefined || proofHash === undefined) throw codeNotAccepted()
  const approver = await findApproverAgain(manage, { proofKind, proofHash })
  if (approver === undefined) throw codeNotAccepted()
  return issueLogin(manage, { method: methodOf(login), approver, workspace, deviceName, role }, login.hash)
}

function methodOf({ kind }: PendingLogin): LoginMethod {
  return kind === 'code' ? 'login.code' : 'login.device'
}

/** Somebody else has the code: nobody can tell which of the two took the token (RFC 6749, section 4.1.2). */
async function endReused(manage: Manage, login: PendingLogin, tokenId: string): Promise<never> {
  const { tokens } = manage.storage
  const token = await tokens.byId(tokenId)
  if (token === undefined || token.revokedAt !== undefined) throw codeNotAccepted()
  const { workspaceId, member, role, rules } = token
  const principal = { tokenId, member, role, rules, ...(workspaceId === undefined ? {} : { workspaceId }) }
  const deed = { workspaceId: workspaceId ?? INSTALLATION_LOG, thing: tokenId, shownAs: login.deviceName }
  return record(manage, principal, methodOf(login), deed, async () => {
    await tokens.revoke(tokenId, manage.clock.now())
    throw codeNotAccepted()
  })
}

async function approveDevice(
  manage: Manage,
  { workspace, deviceName }: PendingLogin,
  { proof, role: asked }: { proof: string; role?: Role },
) {
  const approver = await requireApprover(manage, proof)
  const order = { method: 'login.device', approver, workspace, deviceName, role: asked } as const
  const role = await approve(manage, order)
  const { proofKind, proofHash } = approver
  return { decision: 'approved', role, proofKind, proofHash } as const
}

async function requireWaiting(manage: Manage, typed: string): Promise<PendingLogin & { userCode: string }> {
  const userCode = parseUserCode(typed)
  const login = userCode === undefined ? undefined : await manage.storage.logins.byUserCode(userCode)
  if (userCode === undefined || login === undefined || login.decision !== undefined) throw nothingWaits()
  if (login.expiresAt <= manage.clock.now()) throw nothingWaits()
  return { ...login, userCode }
}

/** Anyone may begin a login, so what that can fill is bounded. */
async function requireRoom(manage: Manage, address: string): Promise<void> {
  const { fromAddress, inAll } = await manage.storage.logins.countWaiting(address, manage.clock.now())
  if (fromAddress < MAX_WAITING_PER_ADDRESS && inAll < MAX_WAITING) return
  throw new GatewayError('too_many', 'Too many devices wait to be let in.', {
    fix: 'Try again in ten minutes, or log in with a token or an invite.',
  })
}

function readDeviceName(text: string): string {
  return readInput(deviceNameLine, text)
}

function tooMuch(atMost: Role): GatewayError {
  return new GatewayError('forbidden', `A program of somebody else gets no more than "${atMost}".`, {
    fix: 'Choose a lower role. With the invite of an admin run "mcpgw login" first, and approve with the token of that.',
  })
}

function codeNotAccepted(): GatewayError {
  return new GatewayError('unauthenticated', 'This code is not accepted.', {
    fix: 'Start the login again.',
  })
}

function inviteNotAccepted(): GatewayError {
  return new GatewayError('unauthenticated', 'This invite is not accepted: it is unknown, used or over.', {
    fix: 'Ask whoever sent it for a new one.',
  })
}

function nothingWaits(): GatewayError {
  return new GatewayError('not_found', 'No device waits with this code.', {
    fix: 'Check the code on the device. It is good for ten minutes and for one decision.',
  })
}
