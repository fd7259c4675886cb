import type { AuditEntry } from '../model/audit-row.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { ToolCallAnswer, ToolCallError } from '../model/tool-caller.ts'
import { type JsonLimits, parseJson } from '../protocol/json.ts'
import { type Bytes, inOnePiece } from '../protocol/reply-bytes.ts'
import type { RpcError, RpcErrorObject } from '../protocol/rpc-error.ts'

/** What `recorded` told of a call. */
export interface Told {
  row: AuditEntry
  error: RpcError | GatewayError | undefined
}

/**
 * What became of a call, for doors that answer in another dialect than JSON-RPC: of a refusal or a failure of ours the
 * code and the fix, which the bytes of the answer no longer have. `fixForUnknown` says what a caller can do about a tool
 * that is not there for them.
 */
export function readAnswer(
  bytes: Bytes,
  { row, error: failure }: Told,
  { limits, fixForUnknown }: { limits: JsonLimits; fixForUnknown: string },
): Omit<ToolCallAnswer, 'row'> {
  if (failure !== undefined) return { error: ourError(failure, row, fixForUnknown) }
  // Written by us or checked on its way in: one JSON-RPC response.
  const { result, error } = parseJson(inOnePiece(bytes), limits) as {
    result?: Record<string, unknown>
    error?: RpcErrorObject
  }
  if (error !== undefined) return { error: serverError(error) }
  const { resultType, ...rest } = result ?? {}
  return resultType === 'input_required' ? { inputRequired: rest } : { result: rest }
}

function ourError(
  failure: RpcError | GatewayError,
  { outcome }: AuditEntry,
  fixForUnknown: string,
): ToolCallError {
  if (failure instanceof GatewayError) return toldError(failure)
  if (outcome !== 'denied') return { code: 'invalid_request', message: failure.message }
  return { code: 'not_found', message: failure.message, fix: fixForUnknown }
}

/** What callers are told of anything thrown. */
export function toldError(thrown: unknown): ToolCallError {
  const { code, message, fix } = asGatewayError(thrown)
  return { code, message, ...(fix !== undefined && { fix }) }
}

function serverError({ code, message, data }: RpcErrorObject): ToolCallError {
  return { code: 'protocol_error', message, rpcCode: code, ...(data !== undefined && { data }) }
}
