import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import { ROLES, type Role } from '../model/role.ts'

/** Actions on the installation as a whole, or on what could take it over. For owners alone. */
const OWNER_ACTIONS = [
  'workspace.create',
  'workspace.remove',
  'server.host',
  'key.rotate',
  'token.manage-owners',
  'system.read',
  'catalog.manage',
] as const

/** Actions inside one workspace. */
const WORKSPACE_ACTIONS = [
  'workspace.read',
  'workspace.update',
  'server.read',
  'server.write',
  'server.check',
  'credential.describe',
  'credential.write',
  'token.manage',
  'audit.read-own',
  'audit.read-all',
  'audit.verify',
  'tool.use',
  'login',
] as const

export const ACTIONS = [...OWNER_ACTIONS, ...WORKSPACE_ACTIONS] as const

export type Action = (typeof ACTIONS)[number]

const ALLOWED: Record<Role, ReadonlySet<Action>> = {
  owner: new Set(ACTIONS),
  admin: new Set(WORKSPACE_ACTIONS),
  developer: new Set<Action>([
    'workspace.read',
    'server.read',
    'credential.describe',
    'audit.read-own',
    'tool.use',
    'login',
  ]),
  readonly: new Set<Action>(['workspace.read', 'tool.use', 'login']),
}

/**
 * Whether a principal may do something, in the workspace of that id where the action concerns one.
 * Everyone but an owner is refused outside their own workspace, and where no workspace is named.
 */
export function may(principal: Principal, action: Action, workspaceId?: string): boolean {
  return reaches(principal, workspaceId) && ALLOWED[principal.role].has(action)
}

/**
 * Throws `forbidden` when the role does not allow the action, and `not_found` for somebody else's workspace,
 * so that nobody learns which workspaces exist.
 */
export function requirePermission(principal: Principal, action: Action, workspaceId?: string): void {
  if (workspaceId !== undefined && !reaches(principal, workspaceId)) throw noSuchWorkspace()
  if (may(principal, action, workspaceId)) return
  throw new GatewayError('forbidden', `The role "${principal.role}" does not include "${action}".`, {
    fix: `Use a token whose role allows it: ${rolesWith(action).join(' or ')}.`,
  })
}

/** The answer for a workspace that does not exist and for one that belongs to others: the same words. */
export function noSuchWorkspace(): GatewayError {
  return new GatewayError('not_found', 'There is no such workspace.')
}

function reaches(principal: Principal, workspaceId: string | undefined): boolean {
  if (principal.role === 'owner') return principal.workspaceId === undefined
  return workspaceId !== undefined && principal.workspaceId === workspaceId
}

/** From the weakest that is enough to the strongest. */
function rolesWith(action: Action): Role[] {
  return ROLES.filter((role) => ALLOWED[role].has(action)).reverse()
}
