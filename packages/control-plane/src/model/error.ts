/**
 * Everything that can go wrong in a way we foresaw. Each door translates the code into its own dialect in one
 * place; a code that is not here cannot be thrown.
 */
export type ErrorCode =
  | 'invalid_request' // the caller sent something we cannot read or accept
  | 'unauthenticated' // no token, or one that is wrong, expired or revoked
  | 'forbidden' // a good token whose role or rules do not allow this
  | 'not_found'
  | 'conflict' // it exists already, or changed meanwhile
  | 'too_large' // over one of our limits
  | 'too_many' // over a rate or concurrency limit
  | 'overloaded' // all of us together are over a limit of the gateway
  | 'unsupported' // understood, but not offered here
  | 'needs_credential' // a server's credential is missing or incomplete
  | 'needs_login' // a server wants a login, or the one it had is over
  | 'credential_unreadable' // a stored credential does not open
  | 'upstream_unavailable' // a server cannot be reached
  | 'upstream_timeout'
  | 'upstream_refused' // a server answered 401, 403 or 404
  | 'upstream_invalid' // a server answered something that is not MCP
  | 'cancelled'
  | 'audit_unavailable' // the log cannot be written, so nothing may happen
  | 'unavailable' // our own database does not answer, so nobody can be let in
  | 'configuration' // the installation's own settings
  | 'internal'

export interface GatewayErrorOptions {
  cause?: unknown
  /** What the reader can do about it. */
  fix?: string
  /** When trying again may help, where that is known. */
  retryAfterSeconds?: number
  /** A token came along and is not good: none of the caller's own waiting helps. */
  refusesToken?: boolean
  /** The address of the document that tells how to get a token (RFC 9728). */
  resourceMetadata?: string | undefined
}

/** The one error class. `message` and `fix` are safe to show to whoever called; the real reason is in `cause`. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly fix: string | undefined
  readonly retryAfterSeconds: number | undefined
  readonly refusesToken: boolean
  readonly resourceMetadata: string | undefined

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.fix = options.fix
    this.retryAfterSeconds = options.retryAfterSeconds
    this.refusesToken = options.refusesToken ?? false
    this.resourceMetadata = options.resourceMetadata
  }
}

/** The headers that an HTTP answer has because of an error: when to come again, and what to bring (RFC 6750, RFC 9728). */
export function errorHeaders(error: GatewayError): Record<string, string> {
  const { code, retryAfterSeconds, refusesToken } = error
  return {
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(code === 'unauthenticated' || refusesToken ? { 'www-authenticate': challengeOf(error) } : {}),
  }
}

function challengeOf({ refusesToken, resourceMetadata }: GatewayError): string {
  const words = [
    'Bearer realm="mcpgw"',
    ...(refusesToken ? ['error="invalid_token"'] : []),
    ...(resourceMetadata === undefined ? [] : [`resource_metadata="${resourceMetadata}"`]),
  ]
  return words.join(', ')
}

/** Turns anything thrown into a GatewayError; what we did not foresee becomes `internal` and says nothing. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  return new GatewayError('internal', 'Something went wrong inside the gateway.', { cause: error })
}
