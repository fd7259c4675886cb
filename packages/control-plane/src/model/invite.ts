import type { Role } from './role.ts'
import type { TokenRules } from './rules.ts'

/** A link that gives one token, to whoever opens it first. Stored without the link. */
export interface Invite {
  id: string
  workspaceId: string
  /** SHA-256 of the code in the link, base64url. */
  hash: string
  /** What the token will be. */
  member: string
  role: Role
  rules: TokenRules
  /** How long the token lives, from the moment it is given; for ever when absent. */
  tokenLifetimeMs?: number
  createdAt: number
  /** When the link ends. */
  expiresAt: number
  usedAt?: number
  /** The token it has given. */
  tokenId?: string
}
