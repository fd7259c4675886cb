import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { Manage } from './context.ts'
import { line } from './fields.ts'
import { readInput } from './read-input.ts'

/** A program that people log in to a workspace with (RFC 6749: a public client). */
export interface LoginClient {
  id: string
  /** What it calls itself; nobody has proved that. */
  name: string
  redirectUris: readonly string[]
  /** The host that tells of it, where its id is the address of a document. */
  publishedBy?: string
}

/** Client Identifier Metadata Documents are 5 kB at most by their draft; some hold a logo's data URL. */
export const CLIENT_DOCUMENT_LIMITS = { withinMs: 5_000, maxBytes: 64 * 1024 }

const CONTEXT = 'registered client'
const MAX_REDIRECTS = 10
const REMEMBERED_MS = 600_000
const MAX_REMEMBERED = 500

const redirectUri = z
  .string()
  .max(500, 'must be at most 500 characters')
  .refine(
    isRedirectUri,
    'must be https, http to this computer itself, or a scheme of a program, without a fragment',
  )

/** Of the many fields of RFC 7591 those that mean something here; others may be there. */
const metadata = z.object({
  client_name: line(200).exactOptional(),
  redirect_uris: z.array(redirectUri).min(1, 'must name one').max(MAX_REDIRECTS, 'may name ten'),
  token_endpoint_auth_method: z.string().exactOptional(),
  grant_types: z.array(z.string()).exactOptional(),
  response_types: z.array(z.string()).exactOptional(),
})

export interface RegisteredClient {
  client_id: string
  client_id_issued_at: number
  client_name?: string
  redirect_uris: string[]
  grant_types: ['authorization_code']
  response_types: ['code']
  token_endpoint_auth_method: 'none'
}

/**
 * Registers a client (RFC 7591). Anybody may, so nothing is kept: all that it said is sealed into its id, which every
 * replica can read. It gets no secret, whatever it asked for, and is told so. Throws `invalid_request`.
 */
export function registerClient({ vault, clock }: Manage, input: unknown): RegisteredClient {
  const { client_name: name, redirect_uris } = readInput(metadata, input)
  const said = JSON.stringify({ ...(name !== undefined && { name }), redirectUris: redirect_uris })
  return {
    client_id: vault.sealer('login-client').seal(Buffer.from(said), CONTEXT),
    client_id_issued_at: Math.floor(clock.now() / 1000),
    ...(name !== undefined && { client_name: name }),
    redirect_uris,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
}

export interface LoginClients {
  /**
   * The client of that id: one that was registered, or whose id is the https address of a document about it (Client ID
   * Metadata Document). Undefined for every other id; rejects with GatewayError when a document cannot be had or read.
   */
  find(id: string): Promise<LoginClient | undefined>
}

export function createLoginClients(manage: Manage): LoginClients {
  const documents = createDocuments(manage)
  return {
    async find(id) {
      if (id.startsWith('https://')) return documents(id)
      const said = manage.vault.sealer('login-client').open(id, CONTEXT)
      // Sealed by us, in this shape.
      return said === undefined ? undefined : { id, name: '', ...JSON.parse(Buffer.from(said).toString()) }
    },
  }
}

/** Documents that were read lately: a login asks for its client three times. */
function createDocuments({ fetchClientDocument, clock }: Manage) {
  const read = new Map<string, { client: LoginClient; until: number }>()
  return async (id: string): Promise<LoginClient> => {
    const known = read.get(id)
    if (known !== undefined && known.until > clock.now()) return known.client
    const client = describedBy(id, await fetchClientDocument(requireDocumentUrl(id)))
    read.delete(id)
    read.set(id, { client, until: clock.now() + REMEMBERED_MS })
    for (const oldest of read.keys()) if (read.size > MAX_REMEMBERED) read.delete(oldest)
    return client
  }
}

/** The draft wants a path, so that whoever has a host does not speak for all that is on it. */
function requireDocumentUrl(id: string): string {
  const url = URL.parse(id)
  const isPlain = url !== null && url.href === id && url.username === '' && url.hash === ''
  if (isPlain && id.length <= 500 && url.pathname !== '/') return id
  throw new GatewayError('invalid_request', 'The client_id is no address of a document about a client.')
}

function describedBy(id: string, document: unknown): LoginClient {
  const fields = z.object({ client_id: z.literal(id, 'must be the address of the document itself') })
  const { client_name = '', redirect_uris } = readInput(metadata.extend(fields.shape), document)
  return { id, name: client_name, redirectUris: redirect_uris, publishedBy: new URL(id).host }
}

/** The last part of RFC 8252, section 7.1: programs have schemes of their own. Those that run or open something are none. */
const PRIVATE_SCHEME =
  /^(?!javascript|data|vbscript|file|blob|about|ftp|wss?|http|view-source)[a-z][a-z0-9+.-]*:$/

function isRedirectUri(text: string): boolean {
  const url = /^[\x21-\x7e]+$/.test(text) && !text.includes('#') ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' ? isLoopback(url) : PRIVATE_SCHEME.test(url.protocol)
}

function isLoopback({ hostname }: URL): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}

/**
 * Whether an answer may go there: to an address that the client named, letter by letter; on this computer at any port
 * (RFC 8252, section 7.3).
 */
export function mayRedirectTo({ redirectUris }: LoginClient, uri: string): boolean {
  if (redirectUris.includes(uri)) return true
  const portless = withoutPort(uri)
  return portless !== undefined && redirectUris.some((named) => withoutPort(named) === portless)
}

function withoutPort(uri: string): string | undefined {
  const url = isRedirectUri(uri) ? new URL(uri) : undefined
  if (url === undefined || url.protocol !== 'http:') return undefined
  url.port = ''
  return url.href
}
