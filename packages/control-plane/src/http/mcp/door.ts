import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { may } from '../../access/permissions.ts'
import { HOPS_HEADER } from '../../gateway/hops.ts'
import type { WorkspaceRuntime } from '../../gateway/workspace-runtime.ts'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import { type JsonLimits, parseJson } from '../../protocol/json.ts'
import { type Message, readMessage } from '../../protocol/message.ts'
import { claimsModern } from '../../protocol/modern-envelope.ts'
import { MODERN_REVISION } from '../../protocol/revisions.ts'
import { RPC, RpcError } from '../../protocol/rpc-error.ts'
import { ANSWER_HEADERS } from './answer-headers.ts'
import type { McpDoorContext } from './door-context.ts'
import { endLegacySession, openLegacyStream, serveLegacy } from './legacy-door.ts'
import { serveModern } from './modern-door.ts'
import { readBody } from './read-body.ts'
import { refuse, refuseWith } from './refuse.ts'

/** The MCP door of one workspace: `POST`, and for legacy sessions `GET` and `DELETE`, at `/ws/:slug`. */
export async function serveMcp(
  context: McpDoorContext,
  slug: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const admitted = context.authenticator.authenticate(request.headers.authorization)
    const principal = admitted instanceof Promise ? await admitted : admitted
    const found = context.workspaces.bySlug(slug)
    const runtime = requireOpen(principal, slug, found instanceof Promise ? await found : found)
    if (isLoop(runtime, request)) return refuseLoop(response)
    const exchange = { runtime, principal, request, response, bytesIn: 0 }
    if (request.method === 'POST') return takePost(context, exchange)
    if (request.method === 'GET') return openLegacyStream(context, exchange)
    if (request.method === 'DELETE') return endLegacySession(context, exchange)
    response.writeHead(405, { allow: 'POST, GET, DELETE' }).end()
  } catch (error) {
    refuseAny(context, response, context.badTokens.judge(error, request))
  }
}

function requireOpen(
  principal: Principal,
  slug: string,
  runtime: WorkspaceRuntime | undefined,
): WorkspaceRuntime {
  const isOpen = runtime !== undefined && may(principal, 'tool.use', runtime.workspace.id)
  if (isOpen) return runtime
  // The same answer whether the workspace exists or not: a token must not find out about others.
  throw new GatewayError('not_found', `There is no workspace "${slug}" that this token opens.`, {
    fix: 'Check the workspace in the URL, or ask its admin for a token.',
  })
}

function isLoop({ hops }: WorkspaceRuntime, { headers }: IncomingMessage): boolean {
  const came = headers[HOPS_HEADER]
  return came !== undefined && hops.isLoop(String(came))
}

/** 508 Loop Detected: what stands in front of a gateway does not answer so by itself. */
function refuseLoop(response: ServerResponse): void {
  refuse(response, 508, RPC.gateway, 'This workspace would be a server of itself, over other workspaces.')
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
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    return refuse(response, 415, RPC.invalidRequest, 'The body must be sent without Content-Encoding.')
  if (!(request.headers['content-type'] ?? '').includes('json')) {
    return refuse(
      response,
      415,
      RPC.invalidRequest,
      'The body must be JSON, with the header Content-Type: application/json.',
    )
  }
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

function parseBody(body: Buffer, limits: JsonLimits): unknown {
  // Decoding would put replacement characters where the caller meant something else.
  if (!isUtf8(body)) throw new RpcError(RPC.parseError, 'The body is not UTF-8.')
  try {
    return parseJson(body, limits)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    // The parser's own words name the place; they quote nothing but what the caller sent.
    throw new RpcError(RPC.parseError, `The body is not JSON: ${(error as SyntaxError).message}`)
  }
}

function refuseAny(context: McpDoorContext, response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) return void response.destroy()
  if (thrown instanceof RpcError) return refuse(response, 400, thrown.code, thrown.message, thrown.data)
  const error = asGatewayError(thrown)
  if (error.code === 'internal' || error.code === 'unavailable') context.reportError(error)
  refuseWith(response, error)
}
