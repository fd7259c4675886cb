import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration } from 'oidc-provider'

export interface AuthorizationServerOptions {
  /** How long access tokens live; an hour when absent. */
  accessTokenS?: number
  clients?: Configuration['clients']
  registration?: boolean
  /** Stands in front of the provider: gives true when it has answered by itself. */
  before?(request: IncomingMessage, response: ServerResponse): unknown
  /** Changes the metadata on its way out. */
  metadata?(metadata: Record<string, unknown>): Record<string, unknown>
}

/** `oidc-provider` as authorization server for one resource, at which everybody agrees to everything at once. */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}) {
  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tokenRequests: URLSearchParams[] = []
  const provider = new Provider(issuer, configuration(options))
  const callback = provider.callback()

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    if (await options.before?.(request, response)) return
    if (options.metadata !== undefined && path.startsWith('/.well-known/')) {
      const plain = await fetch(`${issuer}/plain${path}`)
      return void sendJson(response, options.metadata((await plain.json()) as Record<string, unknown>))
    }
    if (path.startsWith('/plain/')) request.url = path.slice('/plain'.length)
    if (path.startsWith('/agree/')) return agree(request, response)
    if (path === '/token') await noteForm(request)
    callback(request, response)
  }

  /** The provider takes a body that somebody has read before it. */
  async function noteForm(request: IncomingMessage): Promise<void> {
    let text = ''
    for await (const chunk of request) text += chunk
    const form = new URLSearchParams(text)
    tokenRequests.push(form)
    Object.assign(request, { body: Object.fromEntries(form) })
  }

  async function agree(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response)
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: 'ada' } })
    }
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
    const grant =
      known ?? new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params.client_id) })
    const { missingOIDCScope, missingResourceScopes } = prompt.details as {
      missingOIDCScope?: string[]
      missingResourceScopes?: Record<string, string[]>
    }
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '))
    for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes.join(' '))
    }
    const consent = { consent: { grantId: await grant.save() } }
    await provider.interactionFinished(request, response, consent, { mergeWithLastSubmission: true })
  }

  return {
    issuer,
    provider,
    /** The forms that came to the token endpoint. */
    tokenRequests,
    refreshes: () => tokenRequests.filter((form) => form.get('grant_type') === 'refresh_token'),
    /** Whether a token is good for this resource now. */
    async accepts(token: string, resource: string): Promise<boolean> {
      const found = await provider.AccessToken.find(token)
      return found !== undefined && !found.isExpired && found.aud === resource
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export type TestAuthorizationServer = Awaited<ReturnType<typeof startAuthorizationServer>>

function configuration(options: AuthorizationServerOptions): Configuration {
  const accessTokenTTL = options.accessTokenS ?? 3_600
  return {
    clients: options.clients ?? [],
    scopes: ['openid', 'offline_access'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenTTL,
      Grant: 3_600,
      Session: 3_600,
      Interaction: 600,
      RefreshToken: 86_400,
    },
    interactions: { url: (_ctx, { uid }) => `/agree/${uid}` },
    findAccount: (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: options.registration ?? true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'mcp',
          audience: resource,
          accessTokenTTL,
          accessTokenFormat: 'opaque',
        }),
      },
    },
  }
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
