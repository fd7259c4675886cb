import { createHash } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { z } from 'zod'
import type { Clock, Random } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import { fitsHeader } from '../model/header-text.ts'
import type { OAuthTarget, RemoteTarget } from '../model/server.ts'
import type { ServerLogin, ServerTokens } from '../model/server-login.ts'
import { type AuthorizationServer, findAuthorizationServer } from './authorization-server.ts'
import {
  becomeClient,
  CALLBACK_PATH,
  type Client,
  clientAuthOf,
  clientDocument,
  givenClient,
} from './client.ts'
import { asLoginProblem, codeIn, hostOf } from './oauth-problem.ts'
import { type Fetch, outbound } from './outbound.ts'
import { findProtectedResource } from './protected-resource.ts'

/** What the end of a login needs of its beginning. It holds secrets: whoever keeps it seals it. */
export const begunLoginSchema = z.strictObject({
  issuer: z.string(),
  tokenEndpoint: z.string(),
  /** RFC 9207: an answer without `iss` is then not from this server. */
  saysIssuer: z.boolean(),
  idTokenAlgorithms: z.array(z.string()).exactOptional(),
  client: z.strictObject({
    id: z.string(),
    secret: z.string().exactOptional(),
    auth: z.enum(['client_secret_post', 'client_secret_basic', 'none']),
  }),
  resource: z.string(),
  redirectUri: z.string(),
  codeVerifier: z.string(),
})

export type BegunLogin = z.output<typeof begunLoginSchema>

/** How the gateway logs in to servers. Rejects with GatewayErrors that quote nothing of what others answered. */
export interface OAuthClient {
  /** The document by which authorization servers know us; undefined where they could not fetch it. */
  document(): Record<string, unknown> | undefined
  /** Finds out where to log in and becomes a client there, unless one is given. */
  begin(
    target: RemoteTarget & { oauth: OAuthTarget },
    client: GivenClient | undefined,
  ): Promise<{ begun: BegunLogin; state: string; authorizationUrl: string }>
  /** Throws unless the answer came from the server that the login went to, and holds a code. */
  requireCode(begun: BegunLogin, answer: URLSearchParams): void
  /** Exchanges the code of an answer for tokens. */
  end(begun: BegunLogin, answer: URLSearchParams): Promise<ServerLogin>
  /** Other tokens for a login; `needs_login` where its authorization server has no more. */
  renew(login: ServerLogin): Promise<ServerTokens>
}

/** A client that somebody has registered by hand. */
export interface GivenClient {
  id: string
  secret?: string
  /** The only authorization server that may hear of it, where that is known. */
  issuer?: string
}

export interface OAuthClientOptions {
  fetch: Fetch
  guardUrl(url: string): Promise<void>
  /** Where browsers reach us. */
  publicUrl(): string
  clock: Clock
  random: Random
  newId(): string
}

export function createOAuthClient(options: OAuthClientOptions): OAuthClient {
  const { fetch, guardUrl, publicUrl, clock, random } = options
  const randomText = () => Buffer.from(random.bytes(32)).toString('base64url')

  return {
    document: () => clientDocument(publicUrl()),

    async begin({ url, oauth: wanted }, given) {
      const rules = { fetch, guardUrl, allowHttp: url.startsWith('http:') }
      const found = (await findProtectedResource(fetch, url)) ?? resourceOf(url)
      const as = await findAuthorizationServer(rules, found.issuer)
      if (given?.issuer !== undefined && given.issuer !== as.issuer)
        throw otherServer(given.issuer, as.issuer)
      const client = given === undefined ? await becomeClient(fetch, as, publicUrl()) : givenClient(as, given)
      const state = randomText()
      const begun = {
        ...describeServer(as),
        client,
        resource: found.resource,
        redirectUri: `${publicUrl()}${CALLBACK_PATH}`,
        codeVerifier: randomText(),
      }
      const scopes = wanted.scopes ?? withOfflineAccess(as, found.scopes)
      return { begun, state, authorizationUrl: authorizationUrl(as, begun, state, scopes) }
    },

    requireCode(begun, answer) {
      validateAnswer(begun, answer)
    },

    async end(begun, answer) {
      const { client, issuer, tokenEndpoint, resource } = begun
      const as = serverOf(begun)
      const self = { client_id: client.id }
      const tokens = await oauth
        .authorizationCodeGrantRequest(
          as,
          self,
          clientAuthOf(client),
          validateAnswer(begun, answer),
          begun.redirectUri,
          begun.codeVerifier,
          { ...outbound(fetch), additionalParameters: { resource } },
        )
        .then((response) => oauth.processAuthorizationCodeResponse(as, self, response))
        .catch((error) => {
          throw asLoginProblem(error, issuer)
        })
      return {
        id: options.newId(),
        issuer,
        tokenEndpoint,
        clientId: client.id,
        ...(client.secret !== undefined && { clientSecret: client.secret }),
        clientAuth: client.auth,
        resource,
        tokens: readTokens(issuer, tokens, clock.now()),
      }
    },

    async renew(login) {
      const { issuer, resource, tokens } = login
      if (tokens?.refresh === undefined) throw over(issuer)
      const as = { issuer, token_endpoint: login.tokenEndpoint }
      const self = { client_id: login.clientId }
      const answered = await oauth
        .refreshTokenGrantRequest(as, self, clientAuthOf(clientOf(login)), tokens.refresh, {
          ...outbound(fetch),
          additionalParameters: { resource },
        })
        .then((response) => oauth.processRefreshTokenResponse(as, self, response))
        .catch((error) => {
          throw ENDS_LOGIN.has(codeIn(error) ?? '') ? over(issuer, error) : asLoginProblem(error, issuer)
        })
      // A server that does not rotate gives none back: the one we have stays good.
      return { refresh: tokens.refresh, ...readTokens(issuer, answered, clock.now()) }
    },
  }
}

/** Refusals after which the same refresh token will not be taken again. */
const ENDS_LOGIN: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client'])

/** Revision 2025-03-26 knew no metadata of resources: the server's own origin is where to log in. */
function resourceOf(url: string) {
  return { resource: url, issuer: new URL(url).origin, scopes: undefined }
}

/** Without it many servers give no refresh token, and the login would be over within the hour. */
function withOfflineAccess(as: AuthorizationServer, scopes: string[] | undefined): string[] | undefined {
  if (!as.scopes_supported?.includes('offline_access')) return scopes
  return [...new Set([...(scopes ?? []), 'offline_access'])]
}

function authorizationUrl(
  as: AuthorizationServer,
  { client, redirectUri, resource, codeVerifier }: BegunLogin,
  state: string,
  scopes: string[] | undefined,
): string {
  const url = new URL(as.authorization_endpoint)
  const parameters = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    state,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource,
    ...(scopes !== undefined && scopes.length > 0 && { scope: scopes.join(' ') }),
    // OpenID Connect Core, 11: without it the scope is ignored.
    ...(scopes?.includes('offline_access') && { prompt: 'consent' }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

function describeServer(as: AuthorizationServer) {
  const algorithms = as.id_token_signing_alg_values_supported
  return {
    issuer: as.issuer,
    tokenEndpoint: as.token_endpoint,
    saysIssuer: as.authorization_response_iss_parameter_supported === true,
    ...(algorithms !== undefined && { idTokenAlgorithms: algorithms }),
  }
}

function serverOf({ issuer, tokenEndpoint, saysIssuer, idTokenAlgorithms }: BegunLogin) {
  return {
    issuer,
    token_endpoint: tokenEndpoint,
    authorization_response_iss_parameter_supported: saysIssuer,
    ...(idTokenAlgorithms !== undefined && { id_token_signing_alg_values_supported: idTokenAlgorithms }),
  }
}

function validateAnswer(begun: BegunLogin, answer: URLSearchParams): URLSearchParams {
  try {
    // The state was looked up: there is no other login that this could be the answer to.
    const state = answer.get('state') ?? ''
    const valid = oauth.validateAuthResponse(serverOf(begun), { client_id: begun.client.id }, answer, state)
    if (answer.has('code')) return valid
  } catch (error) {
    throw codeIn(error) === undefined
      ? notFromThere(begun.issuer, error)
      : asLoginProblem(error, begun.issuer)
  }
  throw notFromThere(begun.issuer)
}

function clientOf({ clientId: id, clientSecret: secret, clientAuth: auth }: ServerLogin): Client {
  return { id, auth, ...(secret !== undefined && { secret }) }
}

/** Far more than any token known. What is kept is also sent with every request. */
const MAX_TOKEN_LENGTH = 16_384

function readTokens(
  issuer: string,
  { access_token, refresh_token, expires_in, token_type }: oauth.TokenEndpointResponse,
  now: number,
): ServerTokens {
  const fits = (token: string) => token.length <= MAX_TOKEN_LENGTH && fitsHeader(token)
  if (token_type !== 'bearer' || ![access_token, refresh_token ?? ''].every(fits)) {
    throw asLoginProblem(new Error('tokens that cannot be sent'), issuer)
  }
  return {
    access: access_token,
    ...(refresh_token !== undefined && { refresh: refresh_token }),
    obtainedAt: now,
    ...(expires_in !== undefined && expires_in > 0 && { expiresAt: now + expires_in * 1000 }),
  }
}

function over(issuer: string, cause?: unknown): GatewayError {
  return new GatewayError('needs_login', `${hostOf(issuer)} does not renew the login any more.`, {
    cause,
    fix: 'Log in to this server again.',
  })
}

/** A server that names another one than before may want the client's secret sent there. */
function otherServer(expected: string, issuer: string): GatewayError {
  return new GatewayError(
    'upstream_refused',
    `The server wants a login at ${hostOf(issuer)}, and this client belongs to ${hostOf(expected)}.`,
    { fix: 'Ask the operator of the server. If that is right, give the client that is registered there.' },
  )
}

function notFromThere(issuer: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'invalid_request',
    `This is no answer of ${hostOf(issuer)}, where the login was sent to.`,
    {
      cause,
      fix: 'Nothing was changed. Start the login again.',
    },
  )
}
