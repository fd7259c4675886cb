import { errorBytes, resultBytes } from '../protocol/message.ts'
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
import type { Caller } from './caller.ts'
import { type Forwarded, type Forwarding, stateOwner } from './forwarding.ts'
import { answerInputRounds } from './input-rounds.ts'
import { STATE_LIFE_MS, type StateSealer, sealState } from './request-state.ts'

export interface SettleContext {
  sealer: StateSealer
  now(): number
}

/** Brings a reply into the caller's era, without parsing it where its bytes show that this is not needed. */
export async function settle(
  context: SettleContext,
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
  context: SettleContext,
  forwarding: Forwarding,
  reply: Reply,
): Promise<Forwarded> {
  const { request, caller, upstream } = forwarding
  const { error, result } = parseReply(reply)
  if (error !== undefined) return failed(forwarding, error)
  if (result?.resultType === 'input_required') {
    // A modern server wants to know something: a modern caller is told so, a legacy one is asked by us.
    if (caller.era === 'modern') return askForInput(context, forwarding, result)
    return settle(context, forwarding, await answerInputRounds(forwarding, result))
  }
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

function askForInput(
  context: SettleContext,
  forwarding: Forwarding,
  result: Record<string, unknown>,
): Forwarded {
  const { request } = forwarding
  const { requestState: upstream } = result
  const until = context.now() + STATE_LIFE_MS
  const requestState =
    typeof upstream === 'string'
      ? sealState(context.sealer, stateOwner(forwarding), request, { upstream, until })
      : undefined
  const told = requestState === undefined ? result : { ...result, requestState }
  return { bytes: resultBytes(request.id, JSON.stringify(told)), outcome: 'ok', reason: 'input_required' }
}
