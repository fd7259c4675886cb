import { GatewayError } from '../model/error.ts'
import type { ChannelFailure } from './channel.ts'

export interface StatusAnswer {
  status: number
  headers?: Record<string, string | string[] | undefined>
  hadSession?: boolean
  where: string
  rpcCode?: number | undefined
  /** Absent: the request carried no access token of a login. */
  login?: { credentialVersion: number | undefined }
}

/**
 * What an HTTP answer without a reply means. Nothing of its body is told on: it may hold what only the operator of
 * that server should see.
 */
export function failureOfStatus(answer: StatusAnswer): ChannelFailure {
  const { status, hadSession = false, where, rpcCode, login } = answer
  const detail = {
    ...(rpcCode !== undefined && { rpcCode }),
    ...(login?.credentialVersion !== undefined && { credentialVersion: login.credentialVersion }),
  }
  if (status === 404 && hadSession) {
    const error = new GatewayError('upstream_unavailable', `${where} has forgotten the session.`)
    return { kind: 'session-lost', error, status, ...detail }
  }
  return { kind: 'status', error: errorOfAnswer(answer), status, ...detail }
}

function errorOfAnswer({ status, headers = {}, where, login }: StatusAnswer): GatewayError {
  const challenge = String(headers['www-authenticate'] ?? '')
  if (status === 401 && login !== undefined) {
    return new GatewayError('needs_login', `${where} does not accept the login any more (HTTP 401).`, {
      fix: 'Log in to this server again.',
    })
  }
  if (status === 401 && /\bresource_metadata\s*=/i.test(challenge)) {
    return new GatewayError('upstream_refused', `${where} wants a login by OAuth (HTTP 401).`, {
      fix: 'Remove this server and add it again with "oauth": {"client": "dynamic"}, then log in to it.',
    })
  }
  if (status === 403 && login !== undefined && /\binsufficient_scope\b/.test(challenge)) {
    return new GatewayError('upstream_refused', `The login does not reach as far at ${where} (HTTP 403).`, {
      fix: 'Log in again with an account that may do this. If the server was added with scopes, add it again with more.',
    })
  }
  return errorOfStatus(status, where)
}

function errorOfStatus(status: number, where: string): GatewayError {
  if (status === 429) {
    return new GatewayError(
      'upstream_unavailable',
      `${where} wants to be asked less often (HTTP ${status}).`,
      {
        fix: 'Try again later, or have the limit of the account raised there.',
      },
    )
  }
  const known = KNOWN[status]
  if (known !== undefined)
    return new GatewayError('upstream_refused', `${where} ${known[0]} (HTTP ${status}).`, { fix: known[1] })
  if (status >= 300 && status < 400) {
    return new GatewayError(
      'upstream_refused',
      `${where} redirects to another address (HTTP ${status}), which is not followed.`,
      {
        fix: 'Use the address that it redirects to.',
      },
    )
  }
  if (status >= 400 && status < 500) {
    return new GatewayError('upstream_refused', `${where} refused the request (HTTP ${status}).`, {
      fix: "Check the server's URL and credential.",
    })
  }
  if (status >= 500) {
    return new GatewayError('upstream_unavailable', `${where} is in trouble (HTTP ${status}).`, {
      fix: "Look at the server's own log, and try again later.",
    })
  }
  return new GatewayError('upstream_invalid', `${where} answered HTTP ${status} without an MCP message.`, {
    fix: 'Check that the URL is that of an MCP server.',
  })
}

const KNOWN: Record<number, [string, string]> = {
  401: [
    'did not accept the credential',
    'Set a valid credential for this server; it may have expired or been revoked.',
  ],
  403: [
    'does not allow this with the credential given',
    "Give the credential's account the rights it needs there.",
  ],
  404: ['has no MCP server at this path', "Correct the server's URL."],
  508: [
    'leads back to the workspace that uses it',
    'Remove this server: a workspace cannot be a server of itself, nor over another gateway.',
  ],
  405: ['has no MCP server at this path', "Correct the server's URL."],
}
