import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { asGatewayError, type ErrorCode, type GatewayError } from '../../model/error.ts'

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_target'
  | 'access_denied'
  | 'expired_token'
  | 'authorization_pending'
  | 'slow_down'
  | 'server_error'
  | 'temporarily_unavailable'

/** A refusal in the words of OAuth, for which our own codes have none. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode
  readonly status: ContentfulStatusCode

  constructor(code: OAuthErrorCode, description: string, status: ContentfulStatusCode = 400) {
    super(description)
    this.name = 'OAuthError'
    this.code = code
    this.status = status
  }
}

const DIALECT: Partial<Record<ErrorCode, [code: OAuthErrorCode, status: ContentfulStatusCode]>> = {
  invalid_request: ['invalid_request', 400],
  unsupported: ['invalid_request', 400],
  too_large: ['invalid_request', 413],
  unauthenticated: ['invalid_grant', 400],
  not_found: ['invalid_target', 400],
  forbidden: ['access_denied', 400],
  too_many: ['slow_down', 429],
  audit_unavailable: ['temporarily_unavailable', 503],
  unavailable: ['temporarily_unavailable', 503],
}

/** The one place where what went wrong becomes an error of OAuth. */
export function asOAuthError(thrown: unknown, reportError: (error: GatewayError) => void): OAuthError {
  if (thrown instanceof OAuthError) return thrown
  const error = asGatewayError(thrown)
  const [code, status] = DIALECT[error.code] ?? ['server_error', 500]
  if (status >= 500) reportError(error)
  return new OAuthError(code, [error.message, error.fix].filter(Boolean).join(' '), status)
}

/** RFC 6749, section 5.2. */
export function answerOAuthError(c: Context, { code, message, status }: OAuthError): Response {
  return c.json({ error: code, error_description: describable(message) }, status, NO_STORE)
}

/** The characters that a description may hold; a name in it may have others. */
export function describable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?')
}

/** Nothing of these answers may be kept on the way. `pragma` is for what RFC 6749 still knew. */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' }
