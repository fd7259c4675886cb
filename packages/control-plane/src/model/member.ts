import type { Role } from './role.ts'

/** What a member holds in one workspace with one role, or as an owner: live tokens, neither revoked nor expired. */
export interface MemberShare {
  member: string
  /** Absent for owner tokens. */
  workspaceId?: string
  role: Role
  tokens: number
  /** Of browsers that are signed in. */
  sessions: number
  lastUsedAt?: number
}

/** What the end of a member's access ended. */
export interface MemberRevocation {
  /** Every token that ended, expired ones included, and the tokens that came from them. */
  revoked: number
  /** The workspaces in which something ended. */
  workspaceIds: string[]
}

export interface OwnerRevocation extends MemberRevocation {
  /** The last owner token there is, which stays. */
  kept?: { id: string; name: string }
}
