import type { Route } from '../aggregation/workspace-index.ts'
import type { Outcome } from '../model/audit-row.ts'
import { GatewayError } from '../model/error.ts'
import {
  errorBytes,
  type Params,
  type RpcNotification,
  type RpcRequest,
  resultBytes,
} from '../protocol/message.ts'
import type { Identity } from '../protocol/modern-envelope.ts'
import {
  type Bytes,
  legacyReplyForModern,
  modernReplyForLegacy,
  parseReply,
  type Reply,
  replyFor,
  surelyComplete,
  surelyNoToolError,
} from '../protocol/reply-bytes.ts'
import { toLegacyResult, toModernErrorCode, toModernResult } from '../protocol/translate-result.ts'
import type { ChannelFailure } from '../upstream/channel.ts'
import type { PeerListener } from '../upstream/peer.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type Answer, type Caller, type Link, wantsLog } from './caller.ts'
import { answerInputRounds } from './input-rounds.ts'
import type { ParkedExchanges } from './parked-exchanges.ts'
import { openState, STATE_LIFE_MS, type StateOwner, type StateSealer, sealState } from './request-state.ts'

/** One request on its way to the server that serves it. */
export interface Forwarding {
  caller: Caller
  link: Link
  /** As the caller sent it. */
  request: RpcRequest
  /** The same params in the server's own names. */
  params: Params | undefined
  route: Route
  upstream: Upstream
  headers?: Record<string, string>
}

/** What became of it. */
export interface Forwarded extends Answer {
  outcome: Outcome
  reason?: string
}

export interface ForwardContext {
  sealer: StateSealer
  parked: ParkedExchanges
  now(): number
}

/** Sends the request to its server and brings the reply into the caller's era. Rejects with GatewayError or RpcError. */
export async function forward(context: ForwardContext, forwarding: Forwarding): Promise<Forwarded> {
  const { caller, request } = forwarding
  if (caller.era === 'legacy') return settle(context, forwarding, await send(forwarding, forwarding.params))
  const state = openState(context.sealer, stateOwner(forwarding), request, context.now())
  if (state?.parked !== undefined) return context.parked.resume(state.parked, context, forwarding)
  const params = state === undefined ? forwarding.params : withState(forwarding.params, state.upstream)
  if (forwarding.upstream.era === 'modern') return settle(context, forwarding, await send(forwarding, params))
  return context.parked.run(context, { ...forwarding, params })
}

export function stateOwner({ caller, route }: Forwarding): StateOwner {
  return { tokenId: caller.principal.tokenId, serverId: route.server.id }
}

function withState(params: Params | undefined, upstreamState: string | undefined): Params {
  const { requestState: _, ...rest } = params ?? {}
  return upstreamState === undefined ? rest : { ...rest, requestState: upstreamState }
}

/** One round to the server. A legacy caller is asked on its own stream what the server wants to know. */
export function send(forwarding: Forwarding, params: Params | undefined): Promise<Reply> {
  const { link } = forwarding
  return new Promise((resolve, reject) => {
    let cancelled = false
    let cancel: (reason: string) => void = () => {}
    link.onCancel((reason) => {
      cancelled = true
      cancel(reason)
      reject(new GatewayError('cancelled', 'The client gave the request up.'))
    })
    if (cancelled) return
    cancel = start(forwarding, params, {
      notification: (message) => passOn(forwarding, message),
      request: ({ method, params: asked }, withdrawn) => link.ask(method, asked, withdrawn),
      reply: resolve,
      failure: (failure) => reject(failureOf(failure, forwarding)),
    })
  })
}

export function start(
  forwarding: Forwarding,
  params: Params | undefined,
  listener: PeerListener,
): (reason: string) => void {
  const { caller, upstream, request, headers } = forwarding
  return upstream.call(
    caller.profile,
    {
      method: request.method,
      params,
      identity: identityOf(caller),
      owner: caller.principal.tokenId + caller.profile.session,
      ...(headers && { headers }),
    },
    listener,
  )
}

function identityOf({ clientInfo, capabilities, logLevel }: Caller): Identity {
  return { clientInfo, capabilities, logLevel }
}

export function passOn({ caller, link }: Forwarding, message: RpcNotification): void {
  if (message.method === 'notifications/message' && !wantsLog(caller, message.params?.level)) return
  link.notify(message)
}

/** A request that ran out of its time is told apart from one that never reached its server. */
export function failureOf({ error }: ChannelFailure, { route }: Forwarding): GatewayError {
  if (error.message.startsWith(`"${route.server.name}"`)) return error
  const fix = error.fix === undefined ? {} : { fix: error.fix }
  return new GatewayError(error.code, `"${route.server.name}": ${error.message}`, { cause: error, ...fix })
}

/** Brings a reply into the caller's era, without parsing it where its bytes show that this is not needed. */
export async function settle(
  context: ForwardContext,
  forwarding: Forwarding,
  reply: Reply,
): Promise<Forwarded> {
  const bytes = unparsed(forwarding, reply)
  return bytes === undefined ? settleParsed(context, forwarding, reply) : { bytes, outcome: 'ok' }
}

function unparsed(forwarding: Forwarding, reply: Reply): Bytes | undefined {
  const { caller, request, upstream } = forwarding
  const isCall = request.method === 'tools/call'
  if (reply.isError || renamesResource(forwarding) || (isCall && !surelyNoToolError(reply))) return undefined
  if (upstream.era === 'modern' && !surelyComplete(reply)) return undefined
  if (upstream.era === caller.era) return replyFor(reply, request.id)
  if (!isCall) return undefined
  return caller.era === 'modern'
    ? legacyReplyForModern(reply, request.id)
    : modernReplyForLegacy(reply, request.id)
}

function renamesResource({ route, request }: Forwarding): boolean {
  return request.method === 'resources/read' && route.shown !== route.own
}

async function settleParsed(
  context: ForwardContext,
  forwarding: Forwarding,
  reply: Reply,
): Promise<Forwarded> {
  const { request, caller, upstream } = forwarding
  const { error, result } = parseReply(reply)
  if (error !== undefined) return failed(forwarding, error)
  if (result?.resultType === 'input_required') return askForInput(context, forwarding, result)
  const named = renamesResource(forwarding) ? withShownUri(forwarding, result ?? {}) : (result ?? {})
  const translated = upstream.era === caller.era ? named : translate(caller, request.method, named)
  const isToolError = request.method === 'tools/call' && translated.isError === true
  return {
    bytes: resultBytes(request.id, JSON.stringify(translated)),
    outcome: isToolError ? 'tool_error' : 'ok',
  }
}

function translate(
  { era }: Caller,
  method: string,
  result: Record<string, unknown>,
): Record<string, unknown> {
  return era === 'modern' ? toModernResult(method, result) : toLegacyResult(method, result)
}

function failed(
  { request, caller }: Forwarding,
  error: NonNullable<ReturnType<typeof parseReply>['error']>,
): Forwarded {
  const code = caller.era === 'modern' ? toModernErrorCode(error.code) : error.code
  const bytes = errorBytes(request.id, { ...error, code })
  return { bytes, outcome: 'protocol_error', reason: `code ${code}`, errorCode: code }
}

/** A resource that two servers offer is known to callers by a URI of ours. */
function withShownUri({ route }: Forwarding, result: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(result.contents)) return result
  const contents = result.contents.map((content) =>
    content?.uri === route.own ? { ...content, uri: route.shown } : content,
  )
  return { ...result, contents }
}

/** A modern server wants to know something: a modern caller is told so, a legacy one is asked by us. */
function askForInput(
  context: ForwardContext,
  forwarding: Forwarding,
  result: Record<string, unknown>,
): Promise<Forwarded> {
  const { caller, request } = forwarding
  if (caller.era === 'legacy') return answerInputRounds(context, forwarding, result)
  const until = context.now() + STATE_LIFE_MS
  const upstream = result.requestState
  const sealed =
    typeof upstream === 'string'
      ? sealState(context.sealer, stateOwner(forwarding), request, { upstream, until })
      : undefined
  const told = sealed === undefined ? result : { ...result, requestState: sealed }
  return Promise.resolve({
    bytes: resultBytes(request.id, JSON.stringify(told)),
    outcome: 'ok',
    reason: 'input_required',
  })
}
