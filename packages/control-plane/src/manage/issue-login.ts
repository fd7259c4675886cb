import { hashToken, mintToken } from '../access/token-format.ts'
import { asGatewayError, type GatewayError } from '../model/error.ts'
import type { Role } from '../model/role.ts'
import type { Redemption } from '../model/stores.ts'
import type { Token } from '../model/token.ts'
import { type Approver, notAccepted, requireReach, requireRole } from './approver.ts'
import type { Manage } from './context.ts'
import { type Deed, INSTALLATION_LOG, record } from './operation.ts'

export type LoginMethod = 'login.code' | 'login.device' | 'login.invite'

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

export interface LoginOrder {
  method: LoginMethod
  approver: Approver
  /** The slug that the client asked for. */
  workspace: string
  deviceName: string
  role: Role | undefined
}

/** The role that an approver may give; leaves a row in the log when it is refused. */
export async function approve(manage: Manage, { approver, role, ...order }: LoginOrder): Promise<Role> {
  const workspace = await manage.storage.workspaces.bySlug(order.workspace)
  try {
    requireReach(approver, workspace)
    return requireRole(approver, role)
  } catch (refusal) {
    const deed = openDeed(approver, order.deviceName, workspace?.id)
    return record(manage, approver.principal, order.method, deed, () => Promise.reject(refusal))
  }
}

/**
 * Gives a device its token and uses up what it is given for, with a row in the log. Throws `unauthenticated` when
 * that was used up, or has ended, meanwhile.
 */
export async function issueLogin(
  manage: Manage,
  { method, approver, deviceName, ...order }: LoginOrder,
  loginHash?: string,
): Promise<IssuedLogin> {
  const found = await manage.storage.workspaces.bySlug(order.workspace)
  const deed = openDeed(approver, deviceName, found?.id)
  return record(manage, approver.principal, method, deed, async () => {
    const workspace = requireReach(approver, found)
    const plain = mintToken(manage.random)
    const token: Token = {
      ...whatIsGiven(approver, requireRole(approver, order.role)),
      id: manage.newId(),
      workspaceId: workspace.id,
      name: deviceName,
      hash: hashToken(plain),
      createdAt: manage.clock.now(),
    }
    deed.thing = token.id
    await manage.storage.logins
      .redeem(token, redemption(approver, loginHash), token.createdAt)
      .catch(refuseUsed)
    return describeIssued(token, plain, workspace.slug)
  })
}

function describeIssued({ role, member, expiresAt }: Token, token: string, workspace: string): IssuedLogin {
  return { token, workspace, role, member, ...(expiresAt === undefined ? {} : { expiresAt }) }
}

/** Never more, and for no longer, than the approver has. */
function whatIsGiven({ principal, proofKind, expiresAt }: Approver, role: Role) {
  const { member, rules, tokenId } = principal
  return {
    member,
    role,
    rules,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(proofKind === 'token' ? { parentId: tokenId } : {}),
  }
}

function redemption({ proofKind, proofHash }: Approver, loginHash: string | undefined): Redemption {
  return {
    ...(proofKind === 'token' ? { parentHash: proofHash } : { inviteHash: proofHash }),
    ...(loginHash === undefined ? {} : { loginHash }),
  }
}

/** A workspace that the approver has nothing to say in gets no row of theirs. */
function openDeed({ principal }: Approver, deviceName: string, workspaceId: string | undefined): Deed {
  const own = principal.role === 'owner' ? workspaceId : principal.workspaceId
  return { workspaceId: own ?? INSTALLATION_LOG, shownAs: deviceName }
}

function refuseUsed(error: unknown): never {
  const { code }: GatewayError = asGatewayError(error)
  throw code === 'conflict' || code === 'not_found' ? notAccepted(error) : error
}
