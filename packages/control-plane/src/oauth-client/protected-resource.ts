import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { Fetch } from './outbound.ts'

const text = z.string().min(1).max(2_048)

/** Protected Resource Metadata (RFC 9728), what we need of it. */
const metadataSchema = z.object({
  resource: text,
  authorization_servers: z.array(text).max(20).optional(),
  scopes_supported: z.array(z.string().max(200)).max(200).optional(),
})

export interface ProtectedResource {
  /** What tokens are asked for (RFC 8707). */
  resource: string
  issuer: string
  /** What the server asks for, where it says so. */
  scopes: string[] | undefined
}

/**
 * What a server says of how to log in to it: by its challenge, or at the well-known places. Undefined where it says
 * nothing, as servers of revision 2025-03-26.
 */
export async function findProtectedResource(
  fetch: Fetch,
  url: string,
): Promise<ProtectedResource | undefined> {
  const challenge = readChallenge(await challengeOf(fetch, url))
  for (const place of placesOf(url, challenge.resourceMetadata)) {
    const answer = await fetch(place, { headers: { accept: 'application/json' } })
    if (answer.status !== 200) continue
    const { resource, issuer, scopes } = readMetadata(url, await readJson(answer))
    return { resource, issuer, scopes: challenge.scopes ?? scopes }
  }
  return undefined
}

/** What a client without a token is told. */
async function challengeOf(fetch: Fetch, url: string): Promise<string> {
  const { status, headers } = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify(INITIALIZE),
    withoutBody: true,
  })
  return status === 401 ? (headers.get('www-authenticate') ?? '') : ''
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'mcpgw', version: '0.1.0' },
  },
}

interface Challenge {
  resourceMetadata: string | undefined
  scopes: string[] | undefined
}

/** RFC 9728, 5.1, and the scopes that revision 2025-11-25 has beside it. */
export function readChallenge(header: string): Challenge {
  const parameter = (name: string) =>
    new RegExp(`(?:^|[\\s,])${name}\\s*=\\s*(?:"([^"]*)"|([^\\s,"]+))`, 'i').exec(header)
  const told = (name: string) => parameter(name)?.slice(1).find(Boolean)
  const scopes = told('scope')
    ?.split(' ')
    .filter((scope) => scope !== '')
  const resourceMetadata = told('resource_metadata')
  return { resourceMetadata: isHttp(resourceMetadata) ? resourceMetadata : undefined, scopes }
}

function isHttp(url: string | undefined): boolean {
  return /^https?:$/.test(URL.parse(url ?? '')?.protocol ?? '')
}

function placesOf(url: string, told: string | undefined): string[] {
  const { origin, pathname } = new URL(url)
  const wellKnown = `${origin}/.well-known/oauth-protected-resource`
  const path = pathname.replace(/\/$/, '')
  const places = [told, path === '' ? undefined : `${wellKnown}${path}`, wellKnown]
  return [...new Set(places.filter((place) => place !== undefined))]
}

function readMetadata(url: string, json: unknown): ProtectedResource {
  const read = metadataSchema.safeParse(json)
  const issuer = read.data?.authorization_servers?.[0]
  if (!read.success || issuer === undefined || !isHttp(issuer)) throw strange(url)
  const { resource, scopes_supported: scopes } = read.data
  if (!covers(resource, url)) throw foreign(url)
  return { resource, issuer, scopes }
}

/**
 * Whether a resource is this server or a place above it on the same origin. RFC 9728 wants the very URL, which many
 * servers do not keep to; another origin could have us bring it tokens that are good elsewhere.
 */
export function covers(resource: string, url: string): boolean {
  const whole = URL.parse(resource)
  const server = new URL(url)
  if (whole === null || whole.origin !== server.origin || whole.hash !== '') return false
  const above = whole.pathname.replace(/\/?$/, '/')
  return server.pathname.replace(/\/?$/, '/').startsWith(above)
}

export async function readJson(answer: Response): Promise<unknown> {
  return answer.json().catch(() => undefined)
}

function strange(url: string): GatewayError {
  return new GatewayError(
    'upstream_invalid',
    `${new URL(url).origin} does not say in a way that can be read where to log in.`,
    { fix: 'Ask its operator, or set a token as credential if it takes one.' },
  )
}

function foreign(url: string): GatewayError {
  return new GatewayError(
    'upstream_invalid',
    `${new URL(url).origin} wants a login for another server than itself.`,
    {
      fix: "Check the server's URL. If it is right, ask its operator: the resource it names must be its own.",
    },
  )
}
