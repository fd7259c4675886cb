import type { IncomingMessage, ServerResponse } from 'node:http'
import { compilePolicy } from '../../access/policy.ts'
import type { Caller, Link } from '../../gateway/caller.ts'
import { failureAnswer, toRpcError } from '../../gateway/failure-answer.ts'
import { discover, OPERATIONS } from '../../gateway/operations.ts'
import { CHANGE_KINDS, type ChangeKind, type WorkspaceRuntime } from '../../gateway/workspace-runtime.ts'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import { capabilityKey, readCapabilities } from '../../protocol/capabilities.ts'
import { errorBytes, type RequestId, type RpcRequest, resultBytes } from '../../protocol/message.ts'
import { META, readEnvelope } from '../../protocol/modern-envelope.ts'
import {
  checkParamHeaders,
  checkRevisionHeader,
  checkStandardHeaders,
} from '../../protocol/modern-headers.ts'
import { RPC, RpcError } from '../../protocol/rpc-error.ts'
import { endWithToken } from '../workspace-door/context.ts'
import { openEventStream, writeEvent } from '../workspace-door/event-stream.ts'
import { sendJson } from '../workspace-door/send-json.ts'
import type { McpDoorContext } from './door-context.ts'
import { clientText, MAX_SUBSCRIPTIONS } from './legacy-sessions.ts'
import { refuseWith } from './refuse.ts'
import { requireMethod } from './require-method.ts'
import { Responder } from './responder.ts'

export interface ModernExchange {
  runtime: WorkspaceRuntime
  principal: Principal
  request: IncomingMessage
  response: ServerResponse
  message: RpcRequest
  bytesIn: number
}

/** Serves one request of revision 2026-07-28: no session, everything is in the request. */
export async function serveModern(context: McpDoorContext, exchange: ModernExchange): Promise<void> {
  const { message, response, principal, runtime } = exchange
  let caller: Caller
  try {
    requireMethod('modern', exchange, message.method)
    caller = readCaller(exchange)
    checkAnnotatedHeaders(exchange, caller)
  } catch (error) {
    const refusal = toRpcError(error)
    const status = refusal.code === RPC.methodNotFound ? 404 : 400
    return sendJson(response, status, errorBytes(message.id, refusal))
  }
  context.clients.note(caller, runtime.workspace.id)
  if (message.method === 'subscriptions/listen') return listen(context, exchange, caller)
  const responder = new Responder(exchange.request, response, context.readers, () =>
    endWithToken(context, principal, response),
  )
  const era = 'modern'
  if (message.method === 'server/discover') {
    await runtime.preparing(caller)
    return responder.answer(
      { bytes: resultBytes(message.id, JSON.stringify(discover(runtime, caller))) },
      era,
    )
  }
  const serve = OPERATIONS.get(message.method)
  if (serve === undefined) {
    const error = new RpcError(RPC.methodNotFound, `Unknown method: ${message.method}`)
    return responder.answer(failureAnswer(message.id, message.method, error, era), era)
  }
  const link = linkOf(response, responder)
  const operation = { runtime, caller, request: message, link, bytesIn: exchange.bytesIn }
  const answer = await serve(context.gateway, operation).catch((error) =>
    failureAnswer(message.id, message.method, error, era),
  )
  responder.answer(answer, era)
}

function readCaller({ message, principal, request }: ModernExchange): Caller {
  const header = (name: string) => headerOf(request, name)
  checkRevisionHeader(message, header)
  const envelope = readEnvelope(message.params)
  checkStandardHeaders(message, header)
  const info = envelope.clientInfo as { name?: unknown; version?: unknown } | undefined
  const capabilities = readCapabilities(envelope.clientCapabilities)
  return {
    principal,
    policy: compilePolicy(principal),
    era: 'modern',
    client: info && `${clientText(info.name, 'unknown')}/${clientText(info.version, '0')}`,
    clientInfo: envelope.clientInfo ?? { name: 'unknown', version: '0' },
    capabilities: envelope.clientCapabilities,
    profile: {
      capabilities,
      capabilityKey: capabilityKey(capabilities),
      // There are no sessions: one token's clients are the narrowest that can be told apart.
      session: principal.tokenId,
      member: principal.member,
    },
    logLevel: envelope.logLevel,
  }
}

function checkAnnotatedHeaders({ message, request, runtime }: ModernExchange, caller: Caller): void {
  if (message.method !== 'tools/call' || typeof message.params?.name !== 'string') return
  const tool = runtime.view(caller).tool(message.params.name)
  if (tool !== undefined)
    checkParamHeaders(tool.headers, message.params.arguments, (name) => headerOf(request, name))
}

/** Node joins repeated headers with commas; none of ours may come twice, so that then fails to match. */
function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** In this revision a closed stream is a cancellation, and clients are never asked on a stream. */
function linkOf(response: ServerResponse, responder: Responder): Link {
  return {
    notify: (message) => responder.send(message),
    ask: () => Promise.reject(new GatewayError('unsupported', 'A modern client is asked by its answer.')),
    onCancel: (listener) => {
      const closed = () => {
        if (!response.writableFinished) listener('The client closed the stream.')
      }
      // It may have been closed while the request waited for its server.
      if (response.destroyed) closed()
      else response.once('close', closed)
    },
  }
}

const FILTERS: Record<ChangeKind, string> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
}

/** One long stream that tells of changes, in answer to `subscriptions/listen`. */
async function listen(context: McpDoorContext, exchange: ModernExchange, caller: Caller): Promise<void> {
  const { runtime, response, message, principal } = exchange
  const asked = (message.params?.notifications ?? {}) as Record<string, unknown>
  const uris = Array.isArray(asked.resourceSubscriptions)
    ? asked.resourceSubscriptions.filter((uri) => typeof uri === 'string').slice(0, MAX_SUBSCRIPTIONS)
    : []
  const kinds = CHANGE_KINDS.filter((kind) => asked[FILTERS[kind]] === true)
  try {
    context.streams.add(principal.tokenId, response)
  } catch (error) {
    return refuseWith(response, asGatewayError(error), message.id)
  }
  await runtime.preparing(caller)
  if (response.destroyed) return
  openEventStream(response, context.readers)
  const tell = (method: string, params: Record<string, unknown> = {}) =>
    tellSubscriber(response, message.id, method, params)
  tell('notifications/subscriptions/acknowledged', { notifications: honoured(kinds, uris) })
  const stop = runtime.listen({
    caller,
    listChanged: (kind) => {
      if (kinds.includes(kind)) tell(`notifications/${kind}/list_changed`)
    },
    resourceUpdated: (uri) => tell('notifications/resources/updated', { uri }),
    subscriptions: () => uris,
  })
  response.once('close', stop)
  endWithToken(context, principal, response)
  context.onShutdown(response, () => {
    writeEvent(response, resultBytes(message.id, '{"resultType":"complete"}'))
    response.end()
  })
}

function honoured(kinds: readonly ChangeKind[], uris: readonly string[]): Record<string, unknown> {
  const lists = Object.fromEntries(kinds.map((kind) => [FILTERS[kind], true]))
  return uris.length === 0 ? lists : { ...lists, resourceSubscriptions: uris }
}

function tellSubscriber(
  response: ServerResponse,
  id: RequestId,
  method: string,
  params: Record<string, unknown>,
): void {
  const message = { jsonrpc: '2.0', method, params: { ...params, _meta: { [META.subscriptionId]: id } } }
  writeEvent(response, Buffer.from(JSON.stringify(message)))
}
