import type { ServerResponse } from 'node:http'
import { withFix } from '../../gateway/failure-answer.ts'
import { type ErrorCode, errorHeaders, type GatewayError } from '../../model/error.ts'
import { errorBytes, type RequestId } from '../../protocol/message.ts'
import { RPC } from '../../protocol/rpc-error.ts'
import { sendJson } from '../workspace-door/send-json.ts'

/** Answers a request that is not even looked at, in words that a client can show. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  data?: unknown,
  { id = null, headers = {} }: { id?: RequestId | null; headers?: Record<string, string> } = {},
): void {
  sendJson(
    response,
    status,
    errorBytes(id, data === undefined ? { code, message } : { code, message, data }),
    headers,
  )
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  too_large: 413,
  too_many: 429,
  overloaded: 503,
  audit_unavailable: 503,
  unavailable: 503,
}

/** The one place where what stopped a request at this door becomes an HTTP answer. */
export function refuseWith(response: ServerResponse, error: GatewayError, id: RequestId | null = null): void {
  const status = STATUS[error.code] ?? 500
  // What is left of an endless body is not read: the connection cannot be used again.
  if (status === 413) response.setHeader('connection', 'close')
  const data = { code: error.code, ...(error.fix !== undefined && { fix: error.fix }) }
  const code = status >= 500 ? RPC.internalError : RPC.gateway
  refuse(response, status, code, withFix(error), data, { id, headers: errorHeaders(error) })
}
