import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Gateway, openGateway } from '../dashboard/open-gateway.ts'
import { startAuthorizationServer, type TestAuthorizationServer } from './authorization-server.ts'
import { startProtectedServer, type TestProtectedServer } from './protected-server.ts'

const PUBLIC_URL = 'https://gateway.example'
const MINUTE_MS = 60_000

let gateway: Gateway
let authorization: TestAuthorizationServer
let server: TestProtectedServer
let token: string

beforeAll(async () => {
  authorization = await startAuthorizationServer({
    metadata: (own) => ({ ...own, client_id_metadata_document_supported: true }),
  })
  server = await startProtectedServer(authorization)
  gateway = await openGateway({ settings: { publicUrl: PUBLIC_URL, allowUpstreams: ['127.0.0.0/8'] } })
  token = (await gateway.issue()).token
  await ask('POST', '/workspaces', { slug: 'team', name: 'Team' })
  await ask('POST', '/workspaces/team/servers', { name: 'notes', url: server.url, oauth: {} })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await authorization[Symbol.asyncDispose]()
})

async function ask(method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(`${gateway.url}/api/v1${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  })
  expect(response.ok).toBe(true)
  return (await response.json()) as Record<string, unknown>
}

it('is known to authorization servers by a document at its own address, where they take one', async () => {
  const begun = await ask('POST', '/workspaces/team/servers/notes/login', {})
  const { searchParams } = new URL(String(begun.authorizationUrl))
  const document = await fetch(`${gateway.url}/oauth/client.json`)
  expect(document.status).toBe(200)
  expect(await document.json()).toMatchObject({
    client_id: searchParams.get('client_id'),
    redirect_uris: [searchParams.get('redirect_uri')],
    token_endpoint_auth_method: 'none',
  })
  expect(searchParams.get('client_id')).toBe(`${PUBLIC_URL}/oauth/client.json`)
  expect(searchParams.get('redirect_uri')).toBe(`${PUBLIC_URL}/oauth/callback`)
  expect(Object.fromEntries(searchParams)).toMatchObject({
    response_type: 'code',
    code_challenge_method: 'S256',
    resource: server.url,
    scope: 'mcp offline_access',
  })
})

it('[M28] forgets a login that nobody came back from within ten minutes', async () => {
  const begun = await ask('POST', '/workspaces/team/servers/notes/login', {})
  const { searchParams } = new URL(String(begun.authorizationUrl))
  const answer = new URLSearchParams({
    state: searchParams.get('state') ?? '',
    iss: authorization.issuer,
    code: 'some-code',
  })
  const callback = () => fetch(`${gateway.url}/oauth/callback?${answer}`)
  gateway.time.aheadMs += 9 * MINUTE_MS
  expect((await callback()).status).toBe(200)
  gateway.time.aheadMs += 2 * MINUTE_MS
  expect((await callback()).status).toBe(404)
})
