import type { Route } from '../aggregation/workspace-index.ts'
import { type CreateScrubber, keptContent, type ResultText, withheldContent } from '../audit/capture.ts'
import { digestOf } from '../audit/chain.ts'
import { closeJson } from '../audit/json-start.ts'
import type { Attempt, Recorder } from '../audit/recorder.ts'
import { MAX_SEARCHED } from '../audit/redact.ts'
import type { AuditEntry, Outcome } from '../model/audit-row.ts'
import type { Scrubber } from '../model/credential.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import { NO_LIMITS, parseJson } from '../protocol/json.ts'
import type { Params, RpcRequest } from '../protocol/message.ts'
import { sizeOf } from '../protocol/reply-bytes.ts'
import { RpcError } from '../protocol/rpc-error.ts'
import type { CallLimits } from './call-limits.ts'
import type { Answer, Caller, Link } from './caller.ts'
import { failureAnswer } from './failure-answer.ts'
import { type ForwardContext, forward } from './forward.ts'
import type { Forwarded } from './forwarding.ts'
import { WAITS_FOR_APPROVAL } from './server-pins.ts'
import type { HiddenTool, WorkspaceRuntime } from './workspace-runtime.ts'

export interface GatewayContext extends ForwardContext {
  recorder: Recorder
  calls: CallLimits
  /** What takes the credentials of these servers out of a text. Rejects when one of them does not open. */
  scrubbers(servers: readonly Server[]): Promise<Scrubber[]>
  createScrubber: CreateScrubber
  newId(): string
  /** Hears of every error whose cause the caller is not told. */
  reportError(error: GatewayError): void
}

/** Hears of a row once it is durable, and of what we refused or failed in, before it is put into the caller's dialect. */
export type HearRow = (row: AuditEntry, error: RpcError | GatewayError | undefined) => void

/** One request that uses a server and leaves one row in the log. */
export interface Use {
  runtime: WorkspaceRuntime
  caller: Caller
  request: RpcRequest
  link: Link
  bytesIn: number
  recorded?: HearRow
  /** The name or URI that the caller asked for. */
  shown: string
  /** Where it leads for this caller; undefined when there is no such thing or it may not be seen. */
  find(): Route | undefined
  /** The same whoever asks; only the log learns that it exists. */
  exists(): Route | undefined
  /** Why it does not exist although it could; only the log learns that too. */
  hidden?(): HiddenTool | undefined
  /** The params in the server's own names. */
  paramsFor(route: Route): Params
  headersFor?(route: Route): Record<string, string> | undefined
  /** The refusal: the same whether the thing does not exist or may not be used. */
  unknown(): RpcError
}

/**
 * Finds the server, asks it and answers, with the row durable before the answer is given. Never rejects but when the
 * row cannot be written: then there is no answer to give.
 */
export async function useServer(context: GatewayContext, use: Use): Promise<Answer> {
  const attempt = context.recorder.begin()
  const row = newRow(context, use)
  const startedAt = performance.now()
  const { tokenId } = use.caller.principal
  const refusal = context.calls.begin(tokenId, use.request.method)
  if (refusal !== undefined) {
    noteTarget(row, use.find() ?? use.exists())
    return finish(attempt, use, row, failure(context, use, atLimit(refusal)), startedAt)
  }
  try {
    const found = await run(context, use, row).catch((error) => failure(context, use, error))
    if (use.runtime.workspace.audit?.capture === true) await keepContent(context, use, row, found)
    return await finish(attempt, use, row, found, startedAt)
  } finally {
    context.calls.ended(tokenId)
  }
}

/** A limit of ours that was met, as opposed to one of the server's. */
function atLimit(refusal: GatewayError): Refused {
  return new Refused(refusal, `${refusal.code}: ${refusal.message}`)
}

function noteTarget(row: AuditEntry, known: Route | undefined): void {
  if (known !== undefined) Object.assign(row, { server: known.server.name, tool: known.own })
}

function newRow(
  { now, newId }: GatewayContext,
  { runtime, caller, request, shown, bytesIn }: Use,
): AuditEntry {
  const { tokenId, member, role } = caller.principal
  const traceparent = request.params?._meta?.traceparent
  return {
    kind: 'call',
    time: now(),
    workspaceId: runtime.workspace.id,
    tokenId,
    member,
    role,
    era: caller.era,
    method: request.method,
    shownAs: shown,
    outcome: 'ok',
    latencyMs: 0,
    bytesIn,
    bytesOut: 0,
    requestId: newId(),
    ...(caller.client !== undefined && { client: caller.client }),
    ...(typeof traceparent === 'string' && { traceId: traceparent.slice(0, 64) }),
  }
}

async function run(context: GatewayContext, use: Use, row: AuditEntry): Promise<Forwarded> {
  const { runtime, caller, link, request } = use
  if (runtime.loading !== undefined) await runtime.loading
  let route = use.find()
  if (route === undefined && runtime.preparing(caller) !== undefined) {
    await runtime.preparing(caller)
    route = use.find()
  }
  const known = route ?? use.exists()
  noteTarget(row, known)
  if (route === undefined) {
    const { reason, ...place } =
      known === undefined ? unknownOrHidden(use) : { reason: reasonFor(caller, known) }
    Object.assign(row, place)
    throw new Refused(use.unknown(), reason)
  }
  const upstream = runtime.upstream(route.server.id)
  if (upstream === undefined)
    throw new GatewayError('upstream_unavailable', `"${route.server.name}" is not running.`)
  const headers = use.headersFor?.(route)
  const refusal = context.calls.beginAtServer(route.server)
  if (refusal !== undefined) throw atLimit(refusal)
  const sentAt = performance.now()
  try {
    const forwarding = { caller, link, request, params: use.paramsFor(route), route, upstream }
    return await forward(context, headers === undefined ? forwarding : { ...forwarding, headers })
  } finally {
    context.calls.endedAtServer(route.server)
    row.upstreamMs = milliseconds(performance.now() - sentAt)
  }
}

/** A request that was not sent to any server. */
class Refused extends Error {
  readonly answer: RpcError | GatewayError
  readonly reason: string

  constructor(answer: RpcError | GatewayError, reason: string) {
    super(answer.message)
    this.answer = answer
    this.reason = reason
  }
}

function unknownOrHidden(use: Use): Partial<Omit<HiddenTool, 'reason'>> & { reason: string } {
  return use.hidden?.() ?? { reason: 'unknown' }
}

function reasonFor({ policy }: Caller, { server, own, readOnly, heldBack }: Route): string {
  const decision = policy.decide({ server: server.name, tool: own, readOnly })
  if (!decision.allowed) return decision.reason
  return heldBack ? WAITS_FOR_APPROVAL : 'unknown'
}

function failure(context: GatewayContext, { request, caller }: Use, error: unknown): Forwarded {
  if (error instanceof Refused) {
    return {
      ...failureAnswer(request.id, request.method, error.answer, caller.era),
      outcome: 'denied',
      reason: error.reason,
      error: error.answer,
    }
  }
  const answer = failureAnswer(request.id, request.method, error, caller.era)
  if (error instanceof RpcError) return { ...answer, outcome: 'protocol_error', reason: error.message, error }
  const known = asGatewayError(error)
  const { code, message } = known
  if (code === 'internal') context.reportError(known)
  return {
    ...answer,
    outcome: OUTCOME_OF[code] ?? 'unreachable',
    reason: `${code}: ${message}`,
    error: known,
  }
}

const OUTCOME_OF: Partial<Record<GatewayError['code'], Outcome>> = {
  upstream_timeout: 'timeout',
  cancelled: 'cancelled',
  upstream_invalid: 'protocol_error',
  too_large: 'protocol_error',
  internal: 'protocol_error',
}

/** Adds to the row what the workspace wants kept of its tool calls, without the secrets in it. */
async function keepContent(
  context: GatewayContext,
  { request, runtime }: Use,
  row: AuditEntry,
  found: Forwarded,
): Promise<void> {
  if (request.method !== 'tools/call') return
  try {
    // Any of them: a client may send to one server what it got from another.
    const scrubbers = await context.scrubbers(runtime.servers())
    const call = { arguments: request.params?.arguments, result: outcomeOf(found) }
    row.content = keptContent(call, scrubbers, context.createScrubber)
  } catch (error) {
    context.reportError(asGatewayError(error))
    row.content = withheldContent()
  }
  row.contentDigest = digestOf(row.content)
}

/** The `result` or the `error` of an answer, without the envelope; of a long one only the beginning is read. */
function outcomeOf({ bytes }: Forwarded): ResultText {
  const size = sizeOf(bytes)
  const cut = size > MAX_SEARCHED
  const start = Buffer.concat(Buffer.isBuffer(bytes) ? [bytes] : bytes, Math.min(size, MAX_SEARCHED))
  const whole = cut ? Buffer.from(closeJson(start.toString())) : start
  // Written by us or checked on its way in: one JSON-RPC response.
  const { result, error } = parseJson(whole, NO_LIMITS) as { result?: unknown; error?: unknown }
  return { json: JSON.stringify(result ?? { error }), cut }
}

async function finish(
  attempt: Attempt,
  { recorded }: Use,
  row: AuditEntry,
  found: Forwarded,
  startedAt: number,
): Promise<Answer> {
  row.outcome = found.outcome
  if (found.reason !== undefined) row.reason = found.reason
  row.bytesOut = sizeOf(found.bytes)
  row.latencyMs = milliseconds(performance.now() - startedAt)
  await attempt.finish(row)
  recorded?.(row, found.error)
  const { bytes, errorCode, refused } = found
  if (errorCode === undefined) return { bytes }
  return refused === undefined ? { bytes, errorCode } : { bytes, errorCode, refused }
}

/** Rounded to microseconds: what the clock means, and short in the log. */
function milliseconds(duration: number): number {
  return Math.round(duration * 1000) / 1000
}
