import type { Role } from './role.ts'

/** What proves that a device may be let in: a token or an invite, by the hash it is stored under. */
export interface LoginProof {
  proofKind: 'token' | 'invite'
  proofHash: string
}

/** A yes, with what it rests on and the role it gives. */
export interface LoginApproval extends LoginProof {
  decision: 'approved'
  role: Role
}

export type LoginDecision = LoginApproval | { decision: 'denied' }

/** A login under way: begun on a device, or approved in a browser and waiting for its code to come back. */
export interface PendingLogin {
  kind: 'code' | 'device'
  /** SHA-256 of the code or device code, base64url. */
  hash: string
  /** The slug as the client named it; there need not be such a workspace. */
  workspace: string
  deviceName: string
  createdAt: number
  expiresAt: number

  decision?: 'approved' | 'denied'
  role?: Role
  proofKind?: LoginProof['proofKind']
  proofHash?: string
  /** The token it has given: it gives no second one. */
  tokenId?: string

  /** Of a code: what its redemption must match. */
  redirectUri?: string
  /** SHA-256 of the client's id, base64url. */
  clientId?: string
  codeChallenge?: string

  /** Of a device: what people type, who asks, and how often it may. */
  userCode?: string
  address?: string
  intervalMs?: number
  lastPolledAt?: number
}
