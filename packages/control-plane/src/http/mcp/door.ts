import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WorkspaceRuntime } from '../../gateway/workspace-runtime.ts'
import { asGatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import type { JsonLimits } from '../../protocol/json.ts'
import { type Message, readMessage } from '../../protocol/message.ts'
import { claimsModern } from '../../protocol/modern-envelope.ts'
import { MODERN_REVISION } from '../../protocol/revisions.ts'
import { RPC, RpcError } from '../../protocol/rpc-error.ts'
import { admit, isLoop, LOOP } from '../workspace-door/admit.ts'
import { ANSWER_HEADERS } from '../workspace-door/answer-headers.ts'
import { notJson, parseBody, UnreadableBody } from '../workspace-door/json-body.ts'
import { readBody } from '../workspace-door/read-body.ts'
import type { McpDoorContext } from './door-context.ts'
import { endLegacySession, openLegacyStream, serveLegacy } from './legacy-door.ts'
import { serveModern } from './modern-door.ts'
import { refuse, refuseWith } from './refuse.ts'

/** The MCP door of one workspace: `POST`, and for legacy sessions `GET` and `DELETE`, at `/ws/:slug`. */
export async function serveMcp(
  context: McpDoorContext,
  slug: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { principal, runtime } = await admit(context, slug, request)
    if (isLoop(runtime, request)) return refuse(response, 508, RPC.gateway, LOOP)
    const exchange = { runtime, principal, request, response, bytesIn: 0 }
    if (request.method === 'POST') return takePost(context, exchange)
    if (request.method === 'GET') return openLegacyStream(context, exchange)
    if (request.method === 'DELETE') return endLegacySession(context, exchange)
    response.writeHead(405, { allow: 'POST, GET, DELETE' }).end()
  } catch (error) {
    refuseAny(context, response, error)
  }
}

interface Exchange {
  runtime: WorkspaceRuntime
  principal: Principal
  request: IncomingMessage
  response: ServerResponse
  bytesIn: number
}

function takePost(context: McpDoorContext, exchange: Exchange): void {
  const { request, response } = exchange
  const reason = notJson(request)
  if (reason !== undefined) return refuse(response, 415, RPC.invalidRequest, reason)
  readBody(
    request,
    context.limits['body-bytes'],
    (body) => {
      exchange.bytesIn = body.length
      serveBody(context, exchange, body).catch((error) => refuseAny(context, response, error))
    },
    (error) => refuseWith(response, error),
  )
}

async function serveBody(context: McpDoorContext, exchange: Exchange, body: Buffer): Promise<void> {
  const { messages, isBatch } = readMessages(body, context.requestLimits)
  const [first] = messages
  if (first === undefined) throw new RpcError(RPC.invalidRequest, 'The body holds no message.')
  const isModern = !isBatch && speaksModern(exchange.request, first)
  if (!isModern) return serveLegacy(context, exchange, messages, isBatch)
  if (first.kind === 'request') return serveModern(context, { ...exchange, message: first.message })
  if (first.kind === 'response')
    throw new RpcError(RPC.invalidRequest, `Clients of ${MODERN_REVISION} send no responses.`)
  exchange.response.writeHead(202, ANSWER_HEADERS).end()
}

function speaksModern({ headers }: IncomingMessage, { message }: Message): boolean {
  if ('params' in message && claimsModern(message.params)) return true
  return (
    headers['mcp-protocol-version'] === MODERN_REVISION &&
    !('method' in message && message.method === 'initialize')
  )
}

function readMessages(body: Buffer, limits: JsonLimits): { messages: Message[]; isBatch: boolean } {
  const value = parseBody(body, limits)
  if (!Array.isArray(value)) return { messages: [readMessage(value)], isBatch: false }
  return { messages: value.map(readMessage), isBatch: true }
}

function refuseAny(context: McpDoorContext, response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) return void response.destroy()
  if (thrown instanceof UnreadableBody) return refuse(response, 400, RPC.parseError, thrown.message)
  if (thrown instanceof RpcError) return refuse(response, 400, thrown.code, thrown.message, thrown.data)
  const error = asGatewayError(thrown)
  if (error.code === 'internal' || error.code === 'unavailable') context.reportError(error)
  refuseWith(response, error)
}
