import type { IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import type { AuditFeed } from '../../manage/audit-feed.ts'
import type { AuditExport } from '../../manage/audit-log.ts'
import type { AuditRowAnswer } from '../../manage/audit-row-answer.ts'
import type { Manage } from '../../manage/context.ts'
import { perform, type Target } from '../../manage/operation.ts'
import { GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import { notJson, parseJson, readText, saysJson } from '../json/body.ts'
import { answerThrown, problem } from '../json/problem.ts'
import { describeApi } from './openapi.ts'
import { readQuery } from './query.ts'
import { BASE_PATH, DESCRIPTION_PATH, ROUTES, type Route } from './routes.ts'
import { type Caller, createTails } from './tails.ts'

export interface AdminContext {
  manage: Manage
  /** Tells who calls from the Authorization header, and when a token ends. */
  authenticator: {
    authenticate(authorizationHeader: string | undefined): Principal | Promise<Principal>
    watch(principal: Principal, onEnd: () => void): () => void
  }
  /** Says what the caller is told after a refusal: too many bad tokens from one address are refused as such. */
  badTokens: { judge(thrown: unknown, request: IncomingMessage): unknown }
  /** The product's version, for the API's description. */
  version: string
  /** Throws `too_large` for JSON that would take too long to parse. */
  checkJson(body: Buffer): void
  /** Hears of every error whose cause the caller is not told. */
  reportError(error: GatewayError): void
}

/**
 * What `app.fetch(request, bindings)` may carry: a caller who has already proved who they are, such as the local
 * socket or a signed-in browser, and a way to hear when that proof ends; and what came over the network, where it did.
 */
export interface AdminBindings {
  Bindings: { principal?: Principal; watch?(onEnd: () => void): () => void; incoming?: IncomingMessage }
}

/** The admin API under /api/v1. Host and Origin are judged in front of it. */
export function createAdminApp(context: AdminContext): Hono<AdminBindings> {
  const app = new Hono<AdminBindings>().basePath(BASE_PATH)
  const { authenticator, badTokens } = context
  const tails = createTails()

  app.use(async (c, next) => {
    await next()
    c.res.headers.set('cache-control', 'no-store')
    c.res.headers.set('x-content-type-options', 'nosniff')
  })

  const description = JSON.stringify(describeApi(context.version))
  app.get(DESCRIPTION_PATH, () => new Response(description, { headers: JSON_TYPE }))

  async function identify(
    { principal, watch, incoming }: AdminBindings['Bindings'],
    request: Request,
  ): Promise<Caller> {
    if (principal !== undefined) return { principal, watch: watch ?? (() => () => undefined) }
    const header = request.headers.get('authorization') ?? undefined
    const identified = await authenticate(header, incoming)
    return { principal: identified, watch: (onEnd) => authenticator.watch(identified, onEnd) }
  }

  async function authenticate(header: string | undefined, incoming: IncomingMessage | undefined) {
    try {
      return await authenticator.authenticate(header)
    } catch (error) {
      throw incoming === undefined ? error : badTokens.judge(error, incoming)
    }
  }

  async function answer(route: Route, target: Target, caller: Caller, request: Request): Promise<Response> {
    const body = route.method === 'GET' ? '' : await readText(request, context.checkJson, route.maxBodyBytes)
    if (body !== '' && !saysJson(request.headers)) return notJson()
    const input = route.method === 'GET' ? inputInUrl(route, request) : parseJson(body)
    const done = await untilEnd(route, caller, request, (signal) =>
      perform(context.manage, route.operation, caller.principal, target, input, signal),
    )
    // Only `audit.tail` sends events, and this is what it answers with.
    return route.sends === 'events'
      ? tails.open(done as AuditFeed<AuditRowAnswer>, caller)
      : send(route, done)
  }

  for (const route of ROUTES) {
    app.on(route.method, route.path, async (c) => {
      const request = c.req.raw
      // Hono serves HEAD as GET, and nobody would ever read the stream it opened.
      if (request.method !== route.method) return methodNotAllowed(route.path)
      return answer(route, targetOf(c.req.param()), await identify(c.env ?? {}, request), request)
    })
  }
  for (const path of new Set(ROUTES.map((route) => route.path))) app.all(path, () => methodNotAllowed(path))

  // A route and not `notFound`, which would be lost when this app is mounted in another.
  app.all('*', () => problem(new GatewayError('not_found', 'There is no such address in the admin API.')))
  app.onError((thrown) => answerThrown(thrown, context.reportError))
  return app
}

/** Lets what takes long hear that nobody waits for it any more. */
async function untilEnd<T>(
  { cancellable }: Route,
  { watch }: Caller,
  request: Request,
  work: (signal?: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!cancellable) return work()
  const ended = new AbortController()
  const unwatch = watch(() => ended.abort())
  try {
    return await work(AbortSignal.any([ended.signal, request.signal]))
  } finally {
    unwatch()
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** A GET says everything in its URL, and an event source where it left off. */
function inputInUrl({ sends }: Route, request: Request): Record<string, string> {
  const query = readQuery(request.url)
  const lastEventId = request.headers.get('last-event-id')
  return sends === 'events' && lastEventId !== null ? { ...query, after: lastEventId } : query
}

function targetOf({
  workspace,
  server,
  token,
  invite,
  entry,
  seq,
}: Record<string, string | undefined>): Target {
  return {
    ...(workspace === undefined ? {} : { workspace }),
    ...(server === undefined ? {} : { server }),
    ...(token === undefined ? {} : { token }),
    ...(invite === undefined ? {} : { invite }),
    ...(entry === undefined ? {} : { entry }),
    ...(seq === undefined ? {} : { seq }),
  }
}

function send({ sends }: Route, answer: unknown): Response {
  if (sends === 'nothing') return new Response(null, { status: 204 })
  // Only `audit.export` sends a file, and this is what it answers with.
  if (sends === 'file') return sendFile(answer as AuditExport)
  return new Response(JSON.stringify(answer), { status: sends === 'created' ? 201 : 200, headers: JSON_TYPE })
}

function sendFile({ contentType, fileName, chunks }: AuditExport): Response {
  const body = ReadableStream.from(chunks).pipeThrough(new TextEncoderStream())
  const headers = { 'content-type': contentType, 'content-disposition': `attachment; filename="${fileName}"` }
  return new Response(body, { headers })
}

function methodNotAllowed(path: string): Response {
  const allowed = ROUTES.filter((route) => route.path === path).map((route) => route.method)
  const response = problem(new GatewayError('unsupported', `This address takes ${allowed.join(', ')}.`), 405)
  response.headers.set('allow', allowed.join(', '))
  return response
}
