import { GatewayError } from '../model/error.ts'
import type { Role } from '../model/role.ts'
import type { Manage } from './context.ts'

/** A token as a login gives it: the only place that ever holds it. */
export interface IssuedLogin {
  token: string
  /** The slug. */
  workspace: string
  role: Role
  member: string
  /** Unix milliseconds. */
  expiresAt?: number
}

export interface CodeLogin {
  /** The text of a workspace token, an invite code or an invite link. */
  proof: string
  /** Not above the proof's. Absent: developer, or less where the proof is less. Of no effect with an invite. */
  role?: Role
  /** The slug that the client asked for. */
  workspace: string
  deviceName: string
  codeChallenge: string
  redirectUri: string
}

export interface CodeRedemption {
  code: string
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

/**
 * Approves a login in the browser. Throws `unauthenticated` when the proof does not open the workspace, whatever is
 * wrong with it and whether or not there is such a workspace; `forbidden` when it may not give the role asked for;
 * `invalid_request` for a device name that is empty, too long or not one line.
 */
export async function approveCodeLogin(_manage: Manage, _login: CodeLogin): Promise<{ code: string }> {
  throw notYet()
}

/**
 * Exchanges a code for its token, once. Throws `unauthenticated` for every code that is not good any more or not
 * for this client, and `not_found` when another workspace is named than the one approved. A used code that comes
 * again ends the token it gave.
 */
export async function redeemCode(_manage: Manage, _redemption: CodeRedemption): Promise<IssuedLogin> {
  throw notYet()
}

/** Begins a login on a device without a browser; says the same whether or not there is such a workspace. */
export async function beginDeviceLogin(
  _manage: Manage,
  _request: DeviceLoginRequest,
): Promise<BegunDeviceLogin> {
  throw notYet()
}

/** What stands behind a user code that waits for a decision. Throws `not_found` when nothing does. */
export async function describeDeviceLogin(
  _manage: Manage,
  _login: { userCode: string },
): Promise<DeviceLoginDescription> {
  throw notYet()
}

/** Approves or denies. Throws `not_found` when no such code waits any more, and otherwise like `approveCodeLogin`. */
export async function decideDeviceLogin(_manage: Manage, _decision: DeviceDecision): Promise<void> {
  throw notYet()
}

/**
 * Says how a device login stands, and gives its token once. Throws `unauthenticated` for a device code that is
 * unknown or has given its token.
 */
export async function pollDeviceLogin(_manage: Manage, _login: { deviceCode: string }): Promise<DevicePoll> {
  throw notYet()
}

/** Uses up an invite, given as code or link. Throws `unauthenticated` when it is unknown, used or over. */
export async function acceptInvite(
  _manage: Manage,
  _acceptance: { invite: string; deviceName: string },
): Promise<IssuedLogin> {
  throw notYet()
}

/** What an unused invite that is still alive would give; undefined for every other. Uses nothing up. */
export async function describeInvite(
  _manage: Manage,
  _invitation: { invite: string },
): Promise<InviteDescription | undefined> {
  throw notYet()
}

function notYet(): GatewayError {
  return new GatewayError('unsupported', 'Logins are not served yet.')
}
