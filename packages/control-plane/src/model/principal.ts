import type { Role } from './role.ts'
import type { TokenRules } from './rules.ts'

/** Whoever is calling, as their token says. */
export interface Principal {
  tokenId: string
  /** Signed in with a browser; absent: whoever holds the token itself. */
  kind?: 'session'
  /** Absent for an owner: the whole installation. */
  workspaceId?: string
  member: string
  role: Role
  rules: TokenRules
  /** Unix milliseconds. */
  expiresAt?: number
}
