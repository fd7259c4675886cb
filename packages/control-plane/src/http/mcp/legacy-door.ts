import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, LEVELS } from '../../gateway/caller.ts'
import { failureAnswer } from '../../gateway/failure-answer.ts'
import { introduce, OPERATIONS, type Operation, unknownResource } from '../../gateway/operations.ts'
import type { WorkspaceRuntime } from '../../gateway/workspace-runtime.ts'
import type { Principal } from '../../model/principal.ts'
import { type Message, type RequestId, type RpcRequest, resultBytes } from '../../protocol/message.ts'
import { inOnePiece } from '../../protocol/reply-bytes.ts'
import { BATCH_REVISION, isLegacyRevision, negotiateLegacyRevision } from '../../protocol/revisions.ts'
import { RPC, RpcError } from '../../protocol/rpc-error.ts'
import { ANSWER_HEADERS } from '../workspace-door/answer-headers.ts'
import { endWithToken } from '../workspace-door/context.ts'
import { openEventStream } from '../workspace-door/event-stream.ts'
import { sendJson } from '../workspace-door/send-json.ts'
import type { McpDoorContext } from './door-context.ts'
import { type LegacySession, MAX_SUBSCRIPTIONS } from './legacy-sessions.ts'
import { refuse } from './refuse.ts'
import { requireMethod } from './require-method.ts'
import { Responder } from './responder.ts'

/** One body of 4 MB could hold many thousand calls. */
const MAX_BATCH = 100

export interface LegacyExchange {
  runtime: WorkspaceRuntime
  principal: Principal
  request: IncomingMessage
  response: ServerResponse
  bytesIn: number
}

/** Serves what one POST of a legacy client brought: one message, or several of revision 2025-03-26. */
export async function serveLegacy(
  context: McpDoorContext,
  exchange: LegacyExchange,
  messages: Message[],
  isBatch: boolean,
): Promise<void> {
  const [first] = messages
  if (!isBatch && first?.kind === 'request' && first.message.method === 'initialize') {
    return initialize(context, exchange, first.message)
  }
  const session = requireSession(context, exchange)
  if (session === undefined) return
  if (isBatch && session.facts.revision !== BATCH_REVISION) {
    return refuse(
      exchange.response,
      400,
      RPC.invalidRequest,
      `Only revision ${BATCH_REVISION} sends several messages at once.`,
    )
  }
  if (messages.length > MAX_BATCH) {
    return refuse(
      exchange.response,
      400,
      RPC.invalidRequest,
      `More than ${MAX_BATCH} messages at once. Send them in several requests.`,
    )
  }
  if (isBatch) return serveBatch(context, exchange, session, messages)
  if (first?.kind === 'request') return serveRequest(context, exchange, session, first.message)
  if (first !== undefined) take(session, first)
  exchange.response.writeHead(202, ANSWER_HEADERS).end()
}

async function initialize(
  context: McpDoorContext,
  exchange: LegacyExchange,
  message: RpcRequest,
): Promise<void> {
  const { runtime, principal, response } = exchange
  requireMethod('legacy', exchange, message.method)
  const params = message.params ?? {}
  const revision = negotiateLegacyRevision(params.protocolVersion)
  const [sessionId, session] = context.sessions.create(principal, runtime.workspace.id, revision, params)
  context.clients.note(session.caller, runtime.workspace.id)
  await runtime.preparing(session.caller)
  const result = { protocolVersion: revision, ...introduce(runtime, session.caller) }
  sendJson(response, 200, resultBytes(message.id, JSON.stringify(result)), { 'mcp-session-id': sessionId })
}

/** The session of a request, or undefined after having refused it. */
function requireSession(
  context: McpDoorContext,
  { request, response, principal, runtime }: LegacyExchange,
): LegacySession | undefined {
  const sessionId = request.headers['mcp-session-id']
  if (typeof sessionId !== 'string') {
    refuse(
      response,
      400,
      RPC.invalidRequest,
      'The header Mcp-Session-Id is missing. Send "initialize" first.',
    )
    return undefined
  }
  const revision = request.headers['mcp-protocol-version']
  if (revision !== undefined && !isLegacyRevision(String(revision))) {
    refuse(
      response,
      400,
      RPC.invalidRequest,
      'The header MCP-Protocol-Version names no revision that has sessions.',
    )
    return undefined
  }
  const session = context.sessions.find(sessionId, principal, runtime.workspace.id)
  if (session === undefined)
    refuse(response, 404, RPC.invalidRequest, 'The session is unknown or has ended. Send "initialize" again.')
  // Sessions live for days: when a client was last here is not when it began one.
  else context.clients.note(session.caller, runtime.workspace.id)
  return session
}

async function serveRequest(
  context: McpDoorContext,
  exchange: LegacyExchange,
  session: LegacySession,
  message: RpcRequest,
): Promise<void> {
  const { request, response, principal } = exchange
  const responder = new Responder(request, response, context.readers, () =>
    endWithToken(context, principal, response),
  )
  const cancelled = { yes: false }
  const answer = await answerRequest(context, exchange, session, message, responder, cancelled)
  if (cancelled.yes) responder.end()
  else responder.answer(answer, 'legacy')
}

async function answerRequest(
  context: McpDoorContext,
  exchange: LegacyExchange,
  session: LegacySession,
  message: RpcRequest,
  responder: Responder,
  cancelled: { yes: boolean },
): Promise<Answer> {
  const own = session.linkFor(message.id, responder)
  const link = {
    ...own,
    onCancel: (listener: (reason: string) => void) =>
      own.onCancel((reason) => {
        cancelled.yes = true
        listener(reason)
      }),
  }
  const { runtime, bytesIn } = exchange
  try {
    requireMethod('legacy', exchange, message.method)
    const serve = OPERATIONS.get(message.method)
    const operation: Operation = { runtime, caller: session.caller, request: message, link, bytesIn }
    return await (serve === undefined ? serveSession(operation, session) : serve(context.gateway, operation))
  } catch (error) {
    return failureAnswer(message.id, message.method, error, 'legacy')
  } finally {
    session.finished(message.id)
  }
}

/** Requests that concern the session and no server. */
function serveSession({ runtime, request }: Operation, session: LegacySession): Answer {
  const { id, method, params } = request
  if (method === 'ping') return empty(id)
  if (method === 'logging/setLevel') {
    session.caller.logLevel = requireLevel(params?.level)
    return empty(id)
  }
  if (method === 'resources/subscribe' || method === 'resources/unsubscribe') {
    changeSubscription(runtime, session, method, params?.uri)
    return empty(id)
  }
  throw new RpcError(RPC.methodNotFound, `Unknown method: ${method}`)
}

function requireLevel(level: unknown): string {
  if (typeof level === 'string' && LEVELS.includes(level)) return level
  throw new RpcError(RPC.invalidParams, `params.level is none of ${LEVELS.join(', ')}.`)
}

function empty(id: RequestId): Answer {
  return { bytes: resultBytes(id, '{}') }
}

function changeSubscription(
  runtime: WorkspaceRuntime,
  session: LegacySession,
  method: string,
  uri: unknown,
): void {
  if (typeof uri !== 'string') throw new RpcError(RPC.invalidParams, `"${method}" needs params.uri, a text.`)
  if (runtime.view(session.caller).resource(uri) === undefined) throw unknownResource(session.caller, uri)
  if (method === 'resources/subscribe' && session.subscriptions.size >= MAX_SUBSCRIPTIONS)
    throw new RpcError(RPC.invalidParams, `A session has at most ${MAX_SUBSCRIPTIONS} subscriptions.`)
  if (method === 'resources/subscribe') session.subscriptions.add(uri)
  else session.subscriptions.delete(uri)
  runtime.updateSubscriptions()
}

/** Notifications and answers: nothing comes back. */
function take(session: LegacySession, incoming: Exclude<Message, { kind: 'request' }>): void {
  if (incoming.kind === 'response') return session.answered(incoming.message)
  const { method, params } = incoming.message
  if (method !== 'notifications/cancelled') return
  const reason = typeof params?.reason === 'string' ? params.reason : 'The client cancelled.'
  session.cancel(params?.requestId as RequestId, reason)
}

async function serveBatch(
  context: McpDoorContext,
  exchange: LegacyExchange,
  session: LegacySession,
  messages: Message[],
): Promise<void> {
  const { request, response, principal } = exchange
  const responder = new Responder(request, response, context.readers, () =>
    endWithToken(context, principal, response),
  )
  const answers = await Promise.all(
    messages.map(async (incoming) => {
      if (incoming.kind !== 'request') return take(session, incoming)
      return answerRequest(context, exchange, session, incoming.message, responder, { yes: false })
    }),
  )
  const bytes = answers.flatMap((answer) => (answer ? [inOnePiece(answer.bytes).toString()] : []))
  if (bytes.length === 0) return void response.writeHead(202, ANSWER_HEADERS).end()
  responder.answer({ bytes: Buffer.from(`[${bytes.join()}]`) }, 'legacy')
}

/** The standalone stream, on which a client hears of changes. */
export function openLegacyStream(context: McpDoorContext, exchange: LegacyExchange): void {
  const { request, response, principal, runtime } = exchange
  if (!(request.headers.accept ?? '').includes('text/event-stream'))
    return void response.writeHead(405, { allow: 'POST' }).end()
  const session = requireSession(context, exchange)
  if (session === undefined || response.destroyed) return
  context.streams.add(principal.tokenId, response)
  openEventStream(response, context.readers)
  session.addStream(response)
  const stop = runtime.listen({
    caller: session.caller,
    listChanged: (kind) => session.tellOn(response, `notifications/${kind}/list_changed`),
    resourceUpdated: (uri) => session.tellOn(response, 'notifications/resources/updated', { uri }),
    subscriptions: () => session.subscriptions,
  })
  response.once('close', () => {
    stop()
    session.removeStream(response)
  })
  endWithToken(context, principal, response)
  context.onShutdown(response, () => response.end())
}

export function endLegacySession(context: McpDoorContext, exchange: LegacyExchange): void {
  const session = requireSession(context, exchange)
  if (session === undefined) return
  const sessionId = String(exchange.request.headers['mcp-session-id'])
  context.sessions.end(sessionId, session, exchange.runtime.workspace.id)
  exchange.response.writeHead(200, { 'content-length': 0 }).end()
}
