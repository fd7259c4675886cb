import type { ServerResponse } from 'node:http'
import type { GatewayError } from '../../model/error.ts'
import { problemOf } from '../json/problem.ts'
import { sendJson } from '../workspace-door/send-json.ts'

/**
 * The one place where what stopped a whole request becomes an answer. `more` are members beside those of RFC 9457, for
 * programs that want to act on it.
 */
export function refuse(
  response: ServerResponse,
  error: GatewayError,
  { status: wished, more = {} }: { status?: number; more?: Record<string, unknown> } = {},
): void {
  const { status, body, headers } = problemOf(error, wished)
  // What is left of an endless body is not read: the connection cannot be used again.
  if (status === 413) response.setHeader('connection', 'close')
  sendJson(response, status, Buffer.from(JSON.stringify({ ...body, ...more })), headers)
}
