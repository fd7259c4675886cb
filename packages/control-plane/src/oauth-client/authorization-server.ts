import * as oauth from 'oauth4webapi'
import { GatewayError } from '../model/error.ts'
import { asLoginProblem, hostOf } from './oauth-problem.ts'
import type { Fetch } from './outbound.ts'

/** An authorization server that a login can go to. */
export type AuthorizationServer = oauth.AuthorizationServer & {
  authorization_endpoint: string
  token_endpoint: string
}

export interface AuthorizationServerRules {
  fetch: Fetch
  /** Throws for an address that may not be reached. */
  guardUrl(url: string): Promise<void>
  /** Plain http is for servers that are reached so themselves. */
  allowHttp: boolean
}

/**
 * The metadata of the server with this issuer (RFC 8414, OpenID Connect Discovery). Throws unless it is this issuer's
 * own and all that a login needs is there.
 */
export async function findAuthorizationServer(
  rules: AuthorizationServerRules,
  issuer: string,
): Promise<AuthorizationServer> {
  requireScheme(rules, issuer, issuer)
  for (const place of placesOf(issuer)) {
    const answer = await rules.fetch(place, { headers: { accept: 'application/json' } })
    if (answer.status !== 200) continue
    const metadata = await oauth.processDiscoveryResponse(new URL(issuer), answer).catch((error) => {
      throw asLoginProblem(error, issuer)
    })
    return requireUsable(rules, metadata)
  }
  throw unusable(issuer, 'does not publish its metadata')
}

/** In the order that MCP has. */
function placesOf(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...(path === '' ? [] : [`${origin}${path}/.well-known/openid-configuration`]),
  ]
}

async function requireUsable(
  rules: AuthorizationServerRules,
  metadata: oauth.AuthorizationServer,
): Promise<AuthorizationServer> {
  const { issuer, authorization_endpoint, token_endpoint, registration_endpoint } = metadata
  if (authorization_endpoint === undefined || token_endpoint === undefined) {
    throw unusable(issuer, 'has no authorization code flow')
  }
  // Absent means that it has none (MCP, authorization): a code could then be used by whoever sees it.
  if (!metadata.code_challenge_methods_supported?.includes('S256')) {
    throw unusable(issuer, 'does not support PKCE with S256')
  }
  if (metadata.require_pushed_authorization_requests === true) {
    throw unusable(issuer, 'wants pushed authorization requests, which this gateway does not send')
  }
  for (const endpoint of [authorization_endpoint, token_endpoint, registration_endpoint]) {
    if (endpoint === undefined) continue
    // The first one is opened in a browser: `javascript:` would run there.
    requireScheme(rules, issuer, endpoint)
    await rules.guardUrl(endpoint)
  }
  return { ...metadata, authorization_endpoint, token_endpoint }
}

function requireScheme({ allowHttp }: AuthorizationServerRules, issuer: string, url: string): void {
  const parsed = URL.parse(url)
  const isPlain = parsed?.username === '' && parsed.password === '' && parsed.hash === ''
  if (isPlain && (parsed.protocol === 'https:' || (allowHttp && parsed.protocol === 'http:'))) return
  throw unusable(issuer, 'names an address that does not begin with https://')
}

function unusable(issuer: string, what: string): GatewayError {
  return new GatewayError('upstream_invalid', `The authorization server ${hostOf(issuer)} ${what}.`, {
    fix: 'Ask its operator, or set a token as credential if the server takes one.',
  })
}
