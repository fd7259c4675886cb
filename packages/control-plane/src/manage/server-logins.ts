import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { principalOf } from '../access/authenticator.ts'
import { hashCode } from '../access/login-codes.ts'
import { requirePermission } from '../access/permissions.ts'
import { hashToken, isWellFormedToken } from '../access/token-format.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { OAuthTarget, RemoteTarget, Server } from '../model/server.ts'
import type { PendingServerLogin, ServerLogin } from '../model/server-login.ts'
import type { Token } from '../model/token.ts'
import type { Workspace } from '../model/workspace.ts'
import { CALLBACK_PATH } from '../oauth-client/client.ts'
import { type BegunLogin, begunLoginSchema, type GivenClient } from '../oauth-client/oauth-client.ts'
import { findGoodToken } from './approver.ts'
import type { Manage } from './context.ts'
import { instant, line, toInstant } from './fields.ts'
import { inWorkspace, record } from './operation.ts'
import { requireServer } from './servers.ts'

/** Long enough to find a password and a second factor. */
const LIFETIME_MS = 600_000
/** How long the end of a login waits for the server to answer. */
const FIRST_ANSWER_MS = 3_000

const clientLine = line(2_048)

/** A client that somebody has registered at the authorization server by hand. */
const loginInput = z.strictObject({
  clientId: clientLine.exactOptional(),
  clientSecret: clientLine.exactOptional(),
  /** Where it is registered: a server that names another place is then refused. */
  issuer: clientLine.exactOptional(),
})

export const startServerLogin = inWorkspace({
  name: 'server.login',
  summary: 'Begin to log in to a server by OAuth: gives the address to open in a browser, for ten minutes',
  action: 'credential.write',
  recorded: true,
  input: loginInput,
  answer: z.strictObject({ authorizationUrl: z.string(), issuer: z.string(), expiresAt: instant }),
  async run({ manage, principal, ...scene }, where: { workspace: string; server: string }, input) {
    const server = await requireServer({ manage, principal, ...scene }, where)
    const target = requireOAuth(server)
    await requireToken(manage, principal)
    const client = await clientFor(manage, server, target, input)
    const { begun, state, authorizationUrl } = await manage.oauthClient.begin(target, client)
    const now = manage.clock.now()
    const pending = {
      stateHash: hashCode(state),
      serverId: server.id,
      workspaceId: server.workspaceId,
      startedBy: principal.tokenId,
      expiresAt: now + LIFETIME_MS,
    }
    const sealed = sealerOf(manage).seal(Buffer.from(JSON.stringify(begun)), contextOf(pending, server))
    await manage.storage.serverLogins.begin({ ...pending, sealed }, now)
    return { authorizationUrl, issuer: begun.issuer, expiresAt: toInstant(pending.expiresAt) }
  },
})

type OAuthServerTarget = RemoteTarget & { oauth: OAuthTarget }

function requireOAuth({ name, target }: Server): OAuthServerTarget {
  if (target.kind === 'remote' && target.oauth !== undefined) return { ...target, oauth: target.oauth }
  throw new GatewayError('invalid_request', `"${name}" is not a server that one logs in to.`, {
    fix: 'Set its credential, or remove it and add it again with "oauth": {"client": "dynamic"}.',
  })
}

/** Commands on the machine itself act without a token: nothing would tell who comes back with the browser. */
async function requireToken({ storage }: Manage, { tokenId }: Principal): Promise<void> {
  if ((await storage.tokens.byId(tokenId)) !== undefined) return
  throw new GatewayError(
    'unsupported',
    'A login is begun by somebody with a token, not by a command on this machine.',
    {
      fix: "Log in on the server's page in the dashboard.",
    },
  )
}

/** The client of this login: what is given now, or what was given for the login before. */
async function clientFor(
  manage: Manage,
  server: Server,
  { oauth }: OAuthServerTarget,
  { clientId, clientSecret, issuer }: z.output<typeof loginInput>,
): Promise<GivenClient | undefined> {
  const isGiven = [clientId, clientSecret, issuer].some((part) => part !== undefined)
  if (oauth.client === 'dynamic') {
    if (!isGiven) return undefined
    throw new GatewayError('invalid_request', 'This server was added with a client that registers itself.', {
      fix: 'Leave out the client, or add the server again with "oauth": {"client": "pre-registered"}.',
    })
  }
  if (clientId !== undefined) {
    const known = {
      ...(clientSecret !== undefined && { secret: clientSecret }),
      ...(issuer !== undefined && { issuer }),
    }
    return { id: clientId, ...known }
  }
  const { login } = (await manage.vault.credentialFor(server)) ?? {}
  if (login !== undefined && !isGiven) return clientOf(login)
  throw new GatewayError('invalid_request', 'This server needs a client that was registered by hand.', {
    fix: `Register one at its authorization server, with the redirect URI ${manage.publicOrigin()}${CALLBACK_PATH}, and give clientId and clientSecret.`,
  })
}

/** Good for the authorization server that it was used at, and for no other. */
function clientOf({ clientId: id, clientSecret: secret, issuer }: ServerLogin): GivenClient {
  return { id, issuer, ...(secret !== undefined && { secret }) }
}

/** A login that a browser has come back from. */
export interface ReturnedLogin {
  workspace: string
  server: string
}

/** What the browser came back with, as the authorization server has put it into the address. */
export type LoginAnswer = URLSearchParams

/**
 * Looks at an answer without using it up: for whom it is. Throws when it is not the answer to a login that waits, did
 * not come from where that login went, or whoever began it may do so no more; and when the authorization server says
 * no, which ends the login and leaves a row in the log.
 */
export async function lookAtServerLogin(manage: Manage, answer: LoginAnswer): Promise<ReturnedLogin> {
  const found = await requirePending(manage, answer)
  try {
    manage.oauthClient.requireCode(found.begun, answer)
  } catch (error) {
    // What is from elsewhere says nothing about the login, which goes on waiting.
    if (asGatewayError(error).code === 'invalid_request') throw error
    return end(manage, found, async () => {
      throw error
    })
  }
  return shown(found)
}

/** Who is at the browser that came back: with a session, or with the text of a token. */
export type Completer = { principal: Principal } | { token: string }

/**
 * Ends a login: its tokens go into the vault, with a row in the log. Works once, and only for whoever began it: the
 * account at the other end could otherwise be somebody else's, who was sent a link. Throws `unauthenticated` for anybody
 * else, and then nothing is used up.
 */
export async function completeServerLogin(
  manage: Manage,
  answer: LoginAnswer,
  completer: Completer,
): Promise<ReturnedLogin> {
  const found = await requirePending(manage, answer)
  await requireSamePerson(manage, found.starter, completer)
  await end(manage, found, async () => {
    const login = await manage.oauthClient.end(found.begun, answer)
    await manage.vault.logIn(found.server, login)
  })
  // Whoever looks at the server next wants to see that it answers; a slow one is not waited for.
  await Promise.race([
    manage.inspector.check(found.server),
    delay(FIRST_ANSWER_MS, undefined, { ref: false }),
  ])
  return shown(found)
}

interface Found {
  pending: PendingServerLogin
  begun: BegunLogin
  starter: Token
  server: Server
  workspace: Workspace
}

async function requirePending(manage: Manage, answer: LoginAnswer): Promise<Found> {
  const { storage } = manage
  const stateHash = hashCode(answer.get('state') ?? '')
  const pending = await storage.serverLogins.byState(stateHash, manage.clock.now())
  if (pending === undefined) throw nothingWaits()
  const workspace = await storage.workspaces.byId(pending.workspaceId)
  const servers = await storage.servers.all(pending.workspaceId)
  const server = servers.find(({ id }) => id === pending.serverId)
  if (workspace === undefined || server === undefined) throw nothingWaits()
  const opened = sealerOf(manage).open(pending.sealed, contextOf(pending, server))
  if (opened === undefined) throw nothingWaits()
  const begun = begunLoginSchema.parse(JSON.parse(Buffer.from(opened).toString()))
  const starter = await requireStarter(manage, pending)
  return { pending, begun, starter, server, workspace }
}

/** What began the login must still be good, whoever completes it. */
async function requireStarter(
  manage: Manage,
  { startedBy, workspaceId }: PendingServerLogin,
): Promise<Token> {
  const starter = await manage.storage.tokens.byId(startedBy)
  const { revokedAt, expiresAt = Number.POSITIVE_INFINITY } = starter ?? {}
  if (starter === undefined || revokedAt !== undefined || expiresAt <= manage.clock.now()) {
    throw new GatewayError('forbidden', 'The token or session that began this login has ended.', {
      fix: 'Nothing was changed. Sign in again, and start the login again.',
    })
  }
  requirePermission(principalOf(starter), 'credential.write', workspaceId)
  return starter
}

/** The same token or session, or the token that the session was opened with. */
async function requireSamePerson(manage: Manage, starter: Token, completer: Completer): Promise<void> {
  const isStarter =
    'principal' in completer
      ? await isSessionOf(manage, starter, completer.principal)
      : await isTokenOf(manage, starter, completer.token)
  if (isStarter) return
  throw new GatewayError('unauthenticated', 'This is not who began the login.', {
    fix: 'Use the token with which it was begun, or with which you were signed in when you began it.',
  })
}

async function isSessionOf({ storage }: Manage, starter: Token, { tokenId }: Principal): Promise<boolean> {
  if (tokenId === starter.id) return true
  const session = await storage.tokens.byId(tokenId)
  return session?.kind === 'session' && session.parentId === starter.id
}

async function isTokenOf(manage: Manage, starter: Token, text: string): Promise<boolean> {
  const typed = text.trim()
  const token = isWellFormedToken(typed) ? await findGoodToken(manage, hashToken(typed)) : undefined
  const wanted = starter.kind === 'session' ? starter.parentId : starter.id
  return token !== undefined && token.id === wanted
}

/** Uses the login up and does the rest, with a row in the log. */
async function end<T>(manage: Manage, found: Found, work: () => Promise<T>): Promise<T> {
  const { pending, starter, server } = found
  const isOurs = await manage.storage.serverLogins.take(pending.stateHash, manage.clock.now())
  if (!isOurs) throw nothingWaits()
  const deed = { workspaceId: server.workspaceId, server: server.name, thing: server.name }
  return record(manage, principalOf(starter), 'server.login.complete', deed, work)
}

function shown({ workspace, server }: Found): ReturnedLogin {
  return { workspace: workspace.slug, server: server.name }
}

function sealerOf({ vault }: Manage) {
  return vault.sealer('server-login')
}

/** Whoever can write the database could otherwise make a login theirs, or have it end at another server. */
function contextOf(
  { stateHash, serverId, workspaceId, startedBy, expiresAt }: Omit<PendingServerLogin, 'sealed'>,
  { target }: Server,
): string {
  const url = target.kind === 'remote' ? target.url : ''
  return JSON.stringify([stateHash, serverId, workspaceId, startedBy, expiresAt, url])
}

function nothingWaits(): GatewayError {
  return new GatewayError('not_found', 'No login waits for this answer.', {
    fix: "Nothing was changed. A login is good for ten minutes and works once: start it again on the server's page.",
  })
}
