import type { Role } from '../api/shapes.ts'

/** The roles that can be given inside of a workspace. */
export type WorkspaceRole = Exclude<Role, 'owner'>

/** What a role may, in a sentence. */
export const ROLE_MAY: Record<Role, string> = {
  owner: 'Everything, in every workspace: also workspaces, owner tokens, the master key and hosted servers.',
  admin:
    'Uses tools; manages the servers, credentials and tokens of the workspace; reads the whole log. Credentials can be set, never read.',
  developer: 'Uses tools, sees the servers and their state, and reads the log of their own calls.',
  readonly: 'Uses tools, and sees nothing else of the workspace.',
}

export const ROLE_CHOICES: readonly { value: WorkspaceRole; label: string; hint: string }[] = [
  { value: 'developer', label: 'Developer', hint: ROLE_MAY.developer },
  { value: 'readonly', label: 'Read-only', hint: ROLE_MAY.readonly },
  { value: 'admin', label: 'Admin', hint: ROLE_MAY.admin },
]
