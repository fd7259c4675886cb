import * as oauth from 'oauth4webapi'
import { GatewayError } from '../model/error.ts'

/** Those of RFC 6749, 7591, 8707 and OpenID Connect: any other text of an authorization server is not repeated. */
const KNOWN_CODES: ReadonlySet<string> = new Set([
  'access_denied',
  'consent_required',
  'interaction_required',
  'invalid_client',
  'invalid_client_metadata',
  'invalid_grant',
  'invalid_redirect_uri',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'login_required',
  'server_error',
  'temporarily_unavailable',
  'unapproved_software_statement',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
])

/** The error code that an authorization server answered, where it is one that we may repeat. */
export function codeIn(error: unknown): string | undefined {
  if (error instanceof oauth.WWWAuthenticateChallengeError) return 'invalid_client'
  const known = error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError
  if (!known) return undefined
  return KNOWN_CODES.has(error.error) ? error.error : 'an error of its own'
}

/** Whatever went wrong while speaking OAuth, as ours: it quotes nothing that was answered. */
export function asLoginProblem(error: unknown, url: string): GatewayError {
  if (error instanceof GatewayError) return error
  const issuer = hostOf(url)
  const code = codeIn(error)
  if (code !== undefined) return refused(issuer, code, error)
  const status = statusIn(error)
  if (status !== undefined && (status >= 500 || status === 429)) {
    return new GatewayError('upstream_unavailable', `${issuer} is in trouble (HTTP ${status}).`, {
      cause: error,
      fix: 'Try again later.',
    })
  }
  return new GatewayError('upstream_invalid', `${issuer} did not answer as OAuth has it.`, {
    cause: error,
    fix: 'Ask its operator, or set a token as credential if it takes one.',
  })
}

function refused(issuer: string, code: string, cause: unknown): GatewayError {
  if (code === 'server_error' || code === 'temporarily_unavailable') {
    return new GatewayError('upstream_unavailable', `${issuer} is in trouble (${code}).`, {
      cause,
      fix: 'Try again later.',
    })
  }
  return new GatewayError('upstream_refused', `${issuer} refused the login (${code}).`, {
    cause,
    fix: FIXES[code] ?? 'Start the login again. If it goes on, ask the operator of that server.',
  })
}

const FIXES: Record<string, string> = {
  access_denied: 'Start the login again, and allow the access there.',
  invalid_client: 'Check the client id and secret, and log in again.',
  invalid_client_metadata:
    'Register a client there by hand, and add the server again with "oauth": {"client": "pre-registered"}.',
  invalid_redirect_uri:
    'The authorization server does not take the address of this gateway. Register a client there by hand, and add the server again with "oauth": {"client": "pre-registered"}.',
  invalid_scope: 'Add the server again with the scopes that it knows.',
}

function statusIn(error: unknown): number | undefined {
  const { cause } = (error ?? {}) as { cause?: unknown }
  return cause instanceof Response ? cause.status : undefined
}

/** For messages: of an address that others wrote, only what names a host. */
export function hostOf(url: string): string {
  return URL.parse(url)?.origin ?? 'the authorization server'
}
