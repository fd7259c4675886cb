import { GatewayError } from '../model/error.ts'
import { errorBytes, type RequestId, resultBytes } from '../protocol/message.ts'
import { RPC, RpcError, type RpcErrorObject } from '../protocol/rpc-error.ts'
import type { Answer } from './caller.ts'

/** What a server or its credential did wrong: the model that made the call can read it and go on. */
const TOLD_AS_TOOL_RESULT = new Set([
  'needs_credential',
  'needs_login',
  'credential_unreadable',
  'upstream_unavailable',
  'upstream_timeout',
  'upstream_refused',
  'upstream_invalid',
  'too_large',
])

/** Turns anything thrown into the response for one request: the one place where codes become JSON-RPC. */
export function failureAnswer(
  id: RequestId,
  method: string,
  error: unknown,
  era: 'modern' | 'legacy',
): Answer {
  if (error instanceof GatewayError && method === 'tools/call' && TOLD_AS_TOOL_RESULT.has(error.code)) {
    return { bytes: resultBytes(id, JSON.stringify(toolResult(error, era))) }
  }
  const rpc = toRpcError(error)
  const answer = { bytes: errorBytes(id, rpc), errorCode: rpc.code }
  const refused = refusalOf(error)
  return refused === undefined ? answer : { ...answer, refused }
}

function refusalOf(error: unknown): Answer['refused'] {
  if (!(error instanceof GatewayError)) return undefined
  const { code, retryAfterSeconds = 1 } = error
  if (code === 'too_many') return { status: 429, retryAfterSeconds }
  return code === 'overloaded' ? { status: 503, retryAfterSeconds } : undefined
}

function toolResult(error: GatewayError, era: 'modern' | 'legacy'): object {
  const text = withFix(error)
  return {
    ...(era === 'modern' && { resultType: 'complete' }),
    content: [{ type: 'text', text }],
    isError: true,
  }
}

export function withFix({ message, fix }: GatewayError): string {
  return fix === undefined ? message : `${message} ${fix}`
}

const RPC_CODES: Partial<Record<GatewayError['code'], number>> = {
  invalid_request: RPC.invalidParams,
  not_found: RPC.invalidParams,
  unsupported: RPC.methodNotFound,
  internal: RPC.internalError,
}

/** A JSON-RPC error that says what happened and what to do; of what we did not foresee, nothing. */
export function toRpcError(error: unknown): RpcErrorObject {
  if (error instanceof RpcError) return error.toObject()
  if (!(error instanceof GatewayError))
    return { code: RPC.internalError, message: 'Something went wrong inside the gateway.' }
  const data = { code: error.code, ...(error.fix !== undefined && { fix: error.fix }) }
  return { code: RPC_CODES[error.code] ?? RPC.gateway, message: withFix(error), data }
}
