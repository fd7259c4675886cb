import * as oauth from 'oauth4webapi'
import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { ClientAuthMethod } from '../model/server-login.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { asLoginProblem, hostOf } from './oauth-problem.ts'
import { type Fetch, outbound } from './outbound.ts'

/** The gateway as one authorization server knows it. */
export interface Client {
  id: string
  secret?: string
  auth: ClientAuthMethod
}

/** Where a browser comes back to, and the path of the document that says who we are. */
export const CALLBACK_PATH = '/oauth/callback'
export const CLIENT_DOCUMENT_PATH = '/oauth/client.json'

const CLIENT_NAME = 'mcpgw'
const GRANTS = ['authorization_code', 'refresh_token']

/** The Client ID Metadata Document; undefined where nobody else could fetch it. */
export function clientDocument(publicUrl: string): Record<string, unknown> | undefined {
  if (!publicUrl.startsWith('https:')) return undefined
  return {
    client_id: `${publicUrl}${CLIENT_DOCUMENT_PATH}`,
    client_name: CLIENT_NAME,
    client_uri: publicUrl,
    redirect_uris: [`${publicUrl}${CALLBACK_PATH}`],
    grant_types: GRANTS,
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'web',
  }
}

/** A client that somebody has registered by hand. */
export function givenClient(
  as: AuthorizationServer,
  { id, secret }: { id: string; secret?: string },
): Client {
  return secret === undefined ? { id, auth: 'none' } : { id, secret, auth: authWithSecret(as) }
}

/** By its metadata document where the server takes that, else by registering (RFC 7591). */
export async function becomeClient(
  fetch: Fetch,
  as: AuthorizationServer,
  publicUrl: string,
): Promise<Client> {
  const takesDocuments = as.client_id_metadata_document_supported === true
  if (takesDocuments && clientDocument(publicUrl) !== undefined) {
    return { id: `${publicUrl}${CLIENT_DOCUMENT_PATH}`, auth: 'none' }
  }
  if (as.registration_endpoint === undefined) throw noRegistration(as)
  return register(fetch, as, publicUrl)
}

async function register(fetch: Fetch, as: AuthorizationServer, publicUrl: string): Promise<Client> {
  const wanted = {
    client_name: CLIENT_NAME,
    client_uri: publicUrl,
    redirect_uris: [`${publicUrl}${CALLBACK_PATH}`],
    grant_types: GRANTS,
    response_types: ['code'],
    token_endpoint_auth_method: registeredAuth(as),
    // OpenID Connect: only native applications may come back to plain http on their own machine.
    application_type: publicUrl.startsWith('https:') ? 'web' : 'native',
  }
  const registered = await oauth
    .dynamicClientRegistrationRequest(as, wanted, outbound(fetch))
    .then(oauth.processDynamicClientRegistrationResponse)
    .catch((error) => {
      throw asLoginProblem(error, as.issuer)
    })
  return readRegistered(as, registered)
}

const registeredSchema = z.object({
  client_id: z.string().min(1).max(2_048),
  client_secret: z.string().min(1).max(4_096).optional(),
  token_endpoint_auth_method: z.enum(['client_secret_post', 'client_secret_basic', 'none']).optional(),
})

/** The server may have given us another way to prove ourselves than we asked for. */
function readRegistered(as: AuthorizationServer, answer: unknown): Client {
  const read = registeredSchema.safeParse(answer)
  if (!read.success) throw asLoginProblem(read.error, as.issuer)
  const { client_id: id, client_secret: secret, token_endpoint_auth_method: auth } = read.data
  if (secret === undefined || auth === 'none') return { id, auth: 'none' }
  return { id, secret, auth: auth ?? authWithSecret(as) }
}

/** A client with a secret where that is offered: a refresh token alone is then of no use to whoever finds it. */
function registeredAuth(as: AuthorizationServer): ClientAuthMethod {
  const offered = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const known = ['client_secret_post', 'client_secret_basic', 'none'] as const
  return known.find((method) => offered.includes(method)) ?? 'none'
}

function authWithSecret(as: AuthorizationServer): ClientAuthMethod {
  const offered = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return offered.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic'
}

export function clientAuthOf({ auth, secret = '' }: Client): oauth.ClientAuth {
  if (auth === 'none') return oauth.None()
  return auth === 'client_secret_post' ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret)
}

function noRegistration({ issuer }: AuthorizationServer): GatewayError {
  return new GatewayError(
    'unsupported',
    `The authorization server ${hostOf(issuer)} lets no client register itself.`,
    {
      fix: 'Register a client there by hand, remove this server, and add it again with "oauth": {"client": "pre-registered"}.',
    },
  )
}
