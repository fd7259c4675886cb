import { asGatewayError, type ErrorCode, errorHeaders, type GatewayError } from '../../model/error.ts'

const STATUS: Record<ErrorCode, number> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  too_many: 429,
  overloaded: 503,
  unsupported: 501,
  needs_credential: 409,
  needs_login: 409,
  credential_unreadable: 500,
  upstream_unavailable: 502,
  upstream_timeout: 504,
  upstream_refused: 502,
  upstream_invalid: 502,
  cancelled: 503,
  audit_unavailable: 503,
  unavailable: 503,
  configuration: 500,
  internal: 500,
}

const TITLE: Record<ErrorCode, string> = {
  invalid_request: 'The request cannot be accepted',
  unauthenticated: 'A valid token is needed',
  forbidden: 'The token does not allow this',
  not_found: 'There is no such thing',
  conflict: 'This does not fit what is there',
  too_large: 'The request is too large',
  too_many: 'Too many at once',
  overloaded: 'The gateway has too much to do',
  unsupported: 'Not offered here',
  needs_credential: 'A credential is missing',
  needs_login: 'A login is missing',
  credential_unreadable: 'A credential does not open',
  upstream_unavailable: 'A server cannot be reached',
  upstream_timeout: 'A server took too long',
  upstream_refused: 'A server refused',
  upstream_invalid: 'A server did not answer in MCP',
  cancelled: 'Cancelled',
  audit_unavailable: 'The log cannot be written',
  unavailable: 'Not possible right now',
  configuration: 'The installation is not set up for this',
  internal: 'Something went wrong inside the gateway',
}

interface Problem {
  status: number
  body: Record<string, unknown>
  headers: Record<string, string>
}

/** An error in the words of RFC 9457. `status` is for refusals that HTTP itself has a closer word for. */
export function problemOf(error: GatewayError, status = STATUS[error.code]): Problem {
  const { code, message: detail, fix } = error
  const body = {
    type: `urn:mcpgw:error:${code}`,
    title: TITLE[code],
    status,
    code,
    detail,
    ...(fix === undefined ? {} : { fix }),
  }
  return { status, body, headers: { 'content-type': 'application/problem+json', ...errorHeaders(error) } }
}

/** The same as an answer. */
export function problem(error: GatewayError, status?: number): Response {
  const { body, headers, ...told } = problemOf(error, status)
  return new Response(JSON.stringify(body), { status: told.status, headers })
}

/** The answer to whatever was thrown; `reportError` hears of it when its cause is not told. */
export function answerThrown(thrown: unknown, reportError: (error: GatewayError) => void): Response {
  const error = asGatewayError(thrown)
  const response = problem(error)
  // What the caller did wrong is told to the caller; the operator's log is for what is wrong here.
  if (response.status >= 500 && error.cause !== undefined) reportError(error)
  return response
}
