import { GatewayError } from '../model/error.ts'
import type { ChannelFailure } from './channel.ts'

/**
 * What an HTTP answer without a reply means. Nothing of its body is told on: it may hold what only the operator of
 * that server should see.
 */
export function failureOfStatus(
  status: number,
  _body: Buffer,
  hadSession: boolean,
  where: string,
  rpcCode: number | undefined,
): ChannelFailure {
  const detail = rpcCode === undefined ? {} : { rpcCode }
  if (status === 404 && hadSession) {
    const error = new GatewayError('upstream_unavailable', `${where} has forgotten the session.`)
    return { kind: 'session-lost', error, status, ...detail }
  }
  return { kind: 'status', error: errorOfStatus(status, where), status, ...detail }
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
