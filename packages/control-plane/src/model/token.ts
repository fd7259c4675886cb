import type { Role } from './role.ts'
import type { TokenRules } from './rules.ts'

/** What a client holds and shows in each request, or what a browser was given for one: as a cookie, for some hours. */
export type TokenKind = 'token' | 'session'

/** An issued token as it is stored: never the token itself. */
export interface Token {
  id: string
  /** Absent: a token. */
  kind?: 'session'
  /** Absent for an owner token. */
  workspaceId?: string
  name: string
  member: string
  role: Role
  rules: TokenRules
  /** SHA-256 of the token, base64url. */
  hash: string
  createdAt: number
  expiresAt?: number
  lastUsedAt?: number
  revokedAt?: number
  /** The token whose holder let this one's device in, or signed in with: when that ends, so does this. */
  parentId?: string
}
