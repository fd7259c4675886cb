import type { IncomingMessage } from 'node:http'
import { type Context, Hono } from 'hono'
import type { Manage } from '../../manage/context.ts'
import { perform } from '../../manage/operation.ts'
import { closeSession, type OpenedSession, openSession, signIn } from '../../manage/sessions.ts'
import { isSetUpOpen, type StarterServer, setUp } from '../../manage/setup.ts'
import { whoami } from '../../manage/whoami.ts'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import type { BadTokens } from '../callers/bad-tokens.ts'
import { notJson, parseJson, readText, saysJson } from '../json/body.ts'
import { answerThrown, problem } from '../json/problem.ts'
import { refuseOtherPages, requireOwnPage } from './same-origin.ts'
import { createSessionCookie } from './session-cookie.ts'

export interface SessionDoorContext {
  manage: Manage
  authenticator: {
    authenticateSession(session: string): Promise<Principal>
    watch(principal: Principal, onEnd: () => void): () => void
  }
  badTokens: BadTokens
  /** Where browsers find us; absent: the name under which a request came. */
  publicUrl: string | undefined
  /** What a new installation is tried with; throws where there is nothing. */
  starterServers(): StarterServer[]
  /** Throws `too_large` for JSON that would take too long to parse. */
  checkJson(body: Buffer): void
  /** Hears of every error whose cause the caller is not told. */
  reportError(error: GatewayError): void
}

/** What the server behind a request hands in, and what is handed on: who has signed in, and how to hear of their end. */
interface Env {
  Bindings: { incoming?: IncomingMessage; principal?: Principal; watch?(onEnd: () => void): () => void }
}

const API = '/api/v1'
const SESSION_PATH = `${API}/session`
const SETUP_PATH = `${API}/setup`

/**
 * Signing in and out, setting up, and in front of the whole admin API the cookie of a browser in the place of a token.
 * Who sends `Authorization` is no browser of ours: their cookies are not looked at. Host and Origin are judged in front.
 */
export function createSessionDoor(context: SessionDoorContext): Hono<Env> {
  const { manage, authenticator, badTokens, publicUrl } = context
  const cookie = createSessionCookie(publicUrl)
  const app = new Hono<Env>()

  /** What was thrown, counted as a guess. */
  function guessed(thrown: unknown, c: Context<Env>): unknown {
    return c.env?.incoming === undefined ? thrown : badTokens.judgeGuess(thrown, c.env.incoming)
  }

  /** Whether a page of ours, or no page at all, sends JSON: an HTML form cannot. */
  function isJson(c: Context<Env>): boolean {
    refuseOtherPages(publicUrl, c)
    return saysJson(c.req.raw.headers)
  }

  async function readJson(c: Context<Env>): Promise<unknown> {
    return parseJson(await readText(c.req.raw, context.checkJson))
  }

  function signedIn(c: Context<Env>, { session, expiresAt }: OpenedSession): { 'set-cookie': string } {
    const maxAgeS = Math.floor((expiresAt - manage.clock.now()) / 1000)
    return { 'set-cookie': cookie.give(c, session, maxAgeS) }
  }

  app.use(`${API}/*`, async (c, next) => {
    await next()
    c.res.headers.set('cache-control', 'no-store')
    c.res.headers.set('x-content-type-options', 'nosniff')
  })

  app.post(SESSION_PATH, async (c) => {
    if (!isJson(c)) return notJson()
    const opened = await signIn(manage, await readJson(c)).catch((thrown) => {
      throw asGatewayError(thrown).code === 'unauthenticated' ? guessed(thrown, c) : thrown
    })
    return c.json(await perform(manage, whoami, opened.principal, {}, {}), 200, signedIn(c, opened))
  })

  app.delete(SESSION_PATH, async (c) => {
    requireOwnPage(publicUrl, c)
    const session = cookie.read(c)
    const principal = session === undefined ? undefined : await whoHas(session)
    if (principal !== undefined) await closeSession(manage, principal)
    return c.body(null, 204, { 'set-cookie': cookie.take(c) })
  })

  /** Undefined for a session that is over: whoever signs out then is as signed out as they want. */
  function whoHas(session: string): Promise<Principal | undefined> {
    return authenticator.authenticateSession(session).catch((thrown) => {
      if (asGatewayError(thrown).code === 'unauthenticated') return undefined
      throw thrown
    })
  }

  app.get(SETUP_PATH, async (c) => c.json({ open: await isSetUpOpen(manage) }))

  app.post(SETUP_PATH, async (c) => {
    if (!isJson(c)) return notJson()
    try {
      const made = await setUp(manage, context.starterServers, await readJson(c))
      return c.json(made, 201, await signedInAt(c, made.token))
    } catch (thrown) {
      const error = asGatewayError(thrown)
      if (error.code === 'conflict') return problem(error, 410)
      throw error.code === 'forbidden' ? guessed(thrown, c) : thrown
    }
  })

  /** Nobody gets to see the first owner's token twice: they are told it even where the browser stays signed out. */
  async function signedInAt(c: Context<Env>, token: string): Promise<Record<string, string>> {
    try {
      return signedIn(c, await openSession(manage, token))
    } catch (thrown) {
      context.reportError(asGatewayError(thrown))
      return {}
    }
  }

  for (const [path, methods] of Object.entries(METHODS)) app.all(path, () => methodNotAllowed(methods))

  app.use(`${API}/*`, async (c, next) => {
    const session = c.req.header('authorization') === undefined ? cookie.read(c) : undefined
    if (session === undefined) return next()
    requireOwnPage(publicUrl, c)
    try {
      const principal = await authenticator.authenticateSession(session)
      c.env = { ...c.env, principal, watch: (onEnd) => authenticator.watch(principal, onEnd) }
    } catch (thrown) {
      return refuseSession(thrown, c)
    }
    return next()
  })

  /** A browser that forgets its cookie asks for a new one instead of showing the old one again. */
  function refuseSession(thrown: unknown, c: Context<Env>): Response {
    const { code, refusesToken } = asGatewayError(thrown)
    const response = answerThrown(refusesToken ? guessed(thrown, c) : thrown, context.reportError)
    if (code === 'unauthenticated') response.headers.append('set-cookie', cookie.take(c))
    return response
  }

  app.onError((thrown) => answerThrown(thrown, context.reportError))
  return app
}

const METHODS = { [SESSION_PATH]: 'POST, DELETE', [SETUP_PATH]: 'GET, POST' }

function methodNotAllowed(methods: string): Response {
  const response = problem(new GatewayError('unsupported', `This address takes ${methods}.`), 405)
  response.headers.set('allow', methods)
  return response
}
