import { z } from 'zod'
import { requireSameRules } from '../access/delegation.ts'
import { hashToken, mintToken } from '../access/token-format.ts'
import { GatewayError } from '../model/error.ts'
import { ROLES, type Role } from '../model/role.ts'
import type { TokenRules } from '../model/rules.ts'
import type { Token, TokenKind } from '../model/token.ts'
import { instant, line, noAnswer, nothing, toInstant, toInstantOrNull } from './fields.ts'
import { inWorkspace, onInstallation, type Scene } from './operation.ts'
import { mapPage, pageOf, pageQuery } from './paging.ts'
import { lifetimeS, rules, workspaceRole } from './token-fields.ts'

interface OneToken {
  token: string
}

interface OneTokenOfWorkspace extends OneToken {
  workspace: string
}

const expiresIn = lifetimeS.exactOptional()

const ownerTokenInput = z.strictObject({ name: line(100), member: line(200), expiresIn })

const tokenInput = z.strictObject({
  ...ownerTokenInput.shape,
  role: workspaceRole,
  rules: rules.default({}),
})

const rotateInput = z.strictObject({ expiresIn })

/** A token in the clear: the only answer that ever holds one. */
const issuedToken = z.strictObject({
  id: z.string(),
  token: z.string(),
  name: z.string(),
  member: z.string(),
  role: z.enum(ROLES),
  expiresAt: instant.nullable(),
})

const KINDS = ['token', 'session'] as const satisfies TokenKind[]

const tokenQuery = pageQuery(100).extend({ kind: z.enum(KINDS).default('token') })

const tokenAnswer = z.strictObject({
  id: z.string(),
  kind: z.enum(KINDS),
  name: z.string(),
  member: z.string(),
  role: z.enum(ROLES),
  rules,
  createdAt: instant,
  expiresAt: instant.nullable(),
  lastUsedAt: instant.nullable(),
  revokedAt: instant.nullable(),
  parentId: z.string().exactOptional(),
})

export const createToken = inWorkspace({
  name: 'token.create',
  summary: 'Issue a token for a member of a workspace; it is shown once',
  action: 'token.manage',
  recorded: true,
  input: tokenInput,
  answer: issuedToken,
  run: (scene, _where, input) => issue(scene, { ...input, workspaceId: scene.workspace.id }),
})

export const listTokens = inWorkspace({
  name: 'token.list',
  summary: 'The tokens of a workspace, or the sessions of browsers, newest first',
  action: 'token.manage',
  recorded: false,
  input: tokenQuery,
  answer: pageOf(tokenAnswer),
  async run({ manage, workspace }, _where, { kind, ...page }) {
    return mapPage(await manage.storage.tokens.list(workspace.id, page, kind), describe)
  },
})

export const rotateToken = inWorkspace({
  name: 'token.rotate',
  summary: 'Replace a token by a new one that may do the same; the old one stops at once',
  action: 'token.manage',
  recorded: true,
  input: rotateInput,
  answer: issuedToken,
  run: (scene, where: OneTokenOfWorkspace, input) => rotate(scene, scene.workspace.id, where.token, input),
})

export const revokeToken = inWorkspace({
  name: 'token.revoke',
  summary: 'End a token, and whatever it has open',
  action: 'token.manage',
  recorded: true,
  input: nothing,
  answer: noAnswer,
  run: (scene, where: OneTokenOfWorkspace) => revoke(scene, scene.workspace.id, where.token),
})

export const createOwnerToken = onInstallation({
  name: 'owner-token.create',
  summary: 'Issue an owner token; it is shown once',
  action: 'token.manage-owners',
  recorded: true,
  input: ownerTokenInput,
  answer: issuedToken,
  run: (scene, _where, input) => issue(scene, { ...input, role: 'owner', rules: {} }),
})

export const listOwnerTokens = onInstallation({
  name: 'owner-token.list',
  summary: 'The owner tokens, or the sessions of owners in browsers, newest first',
  action: 'token.manage-owners',
  recorded: false,
  input: tokenQuery,
  answer: pageOf(tokenAnswer),
  async run({ manage }, _where, { kind, ...page }) {
    return mapPage(await manage.storage.tokens.list(undefined, page, kind), describe)
  },
})

export const rotateOwnerToken = onInstallation({
  name: 'owner-token.rotate',
  summary: 'Replace an owner token by a new one; the old one stops at once',
  action: 'token.manage-owners',
  recorded: true,
  input: rotateInput,
  answer: issuedToken,
  run: (scene, where: OneToken, input) => rotate(scene, undefined, where.token, input),
})

export const revokeOwnerToken = onInstallation({
  name: 'owner-token.revoke',
  summary: 'End an owner token; the last one stays',
  action: 'token.manage-owners',
  recorded: true,
  input: nothing,
  answer: noAnswer,
  async run(scene, where: OneToken) {
    await requireAnotherOwner(scene, where.token)
    return revoke(scene, undefined, where.token)
  },
})

interface NewToken {
  workspaceId?: string
  name: string
  member: string
  role: Role
  rules: TokenRules
  expiresIn?: number
}

async function issue({ manage, principal, deed }: Scene, { expiresIn, ...wanted }: NewToken) {
  requireSameRules(principal, wanted.rules)
  const plain = mintToken(manage.random)
  const now = manage.clock.now()
  const expiresAt = expiresIn === undefined ? undefined : now + expiresIn * 1000
  const token: Token = {
    ...wanted,
    id: manage.newId(),
    hash: hashToken(plain),
    createdAt: now,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  deed.thing = token.id
  deed.shownAs = token.name
  await manage.storage.tokens.create(token)
  return describeIssued(token, plain, expiresAt)
}

async function rotate(
  scene: Scene,
  workspaceId: string | undefined,
  id: string,
  { expiresIn }: { expiresIn?: number },
) {
  const token = await requireToken(scene, workspaceId, id)
  // Whoever rotates a token holds the new one.
  requireSameRules(scene.principal, token.rules)
  const { manage } = scene
  const now = manage.clock.now()
  const expiresAt = expiresIn === undefined ? token.expiresAt : now + expiresIn * 1000
  requireRotatable(token, expiresAt, now)
  await requireWithinParent(scene, token, expiresAt)
  const plain = mintToken(manage.random)
  await manage.storage.tokens.replaceHash(token.id, hashToken(plain), expiresAt, now)
  return describeIssued(token, plain, expiresAt)
}

function requireRotatable(token: Token, expiresAt: number | undefined, now: number): void {
  if (token.kind === 'session') {
    throw new GatewayError('conflict', 'This is the session of a browser, and no token.', {
      fix: 'End it instead; whoever it belongs to signs in again.',
    })
  }
  if (token.revokedAt !== undefined) {
    throw new GatewayError('conflict', `The token "${token.name}" is revoked.`, {
      fix: 'Create a new token.',
    })
  }
  if (expiresAt !== undefined && expiresAt <= now) {
    throw new GatewayError('conflict', `The token "${token.name}" has expired.`, {
      fix: 'Give "expiresIn", the seconds the new token shall live.',
    })
  }
}

/** A token that came from another one ends no later. */
async function requireWithinParent(
  { manage }: Scene,
  token: Token,
  expiresAt: number | undefined,
): Promise<void> {
  const parent = token.parentId === undefined ? undefined : await manage.storage.tokens.byId(token.parentId)
  if (parent?.expiresAt === undefined || (expiresAt !== undefined && expiresAt <= parent.expiresAt)) return
  throw new GatewayError('conflict', `The token "${token.name}" came from one that ends sooner.`, {
    fix: `Let it end by ${toInstant(parent.expiresAt)}, or create a new token.`,
  })
}

async function revoke(scene: Scene, workspaceId: string | undefined, id: string): Promise<undefined> {
  const token = await requireToken(scene, workspaceId, id)
  if (token.revokedAt !== undefined) return undefined
  await scene.manage.storage.tokens.revoke(token.id, scene.manage.clock.now())
  return undefined
}

/** A token by its id, in this workspace (or among the owners') and nowhere else. */
async function requireToken(
  { manage, deed }: Scene,
  workspaceId: string | undefined,
  id: string,
): Promise<Token> {
  const token = await manage.storage.tokens.byId(id)
  if (token === undefined || token.workspaceId !== workspaceId) {
    throw new GatewayError('not_found', 'There is no such token.')
  }
  deed.shownAs = token.name
  return token
}

/** Without an owner nobody could issue an owner token again. */
async function requireAnotherOwner(scene: Scene, id: string): Promise<void> {
  const token = await requireToken(scene, undefined, id)
  if (
    token.kind === 'session' ||
    token.revokedAt !== undefined ||
    (await scene.manage.storage.tokens.countOwners()) > 1
  )
    return
  throw new GatewayError('conflict', 'This is the last owner token.', {
    fix: 'Create another owner token first, or rotate this one.',
  })
}

function describeIssued({ id, name, member, role }: Token, token: string, expiresAt: number | undefined) {
  return { id, token, name, member, role, expiresAt: toInstantOrNull(expiresAt) }
}

function describe(token: Token): z.output<typeof tokenAnswer> {
  const { id, kind = 'token', name, member, role, rules } = token
  const { createdAt, expiresAt, lastUsedAt, revokedAt, parentId } = token
  return {
    id,
    kind,
    name,
    member,
    role,
    rules,
    createdAt: toInstant(createdAt),
    expiresAt: toInstantOrNull(expiresAt),
    lastUsedAt: toInstantOrNull(lastUsedAt),
    revokedAt: toInstantOrNull(revokedAt),
    ...(parentId === undefined ? {} : { parentId }),
  }
}
