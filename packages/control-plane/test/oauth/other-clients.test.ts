import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { codeRequest, encode, type Fields, makePkce, postForm } from './client.ts'
import { LoginProvider, logIn, openPage, SDKS } from './sdk-login.ts'

const REDIRECT = 'http://localhost:9/callback'
const CONFORMANCE = resolve(
  import.meta.dirname,
  '../../node_modules/@modelcontextprotocol/conformance/dist/index.js',
)
const open = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'mcpgw-clients-'))
let plane: ControlPlane
let eng: { url: string; token: string }

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  eng = await plane.workspace('eng')
  const echo = resolve(import.meta.dirname, '../servers/crash-mid-call-stdio.ts')
  await plane.addServer('eng', { name: 'shaky', command: process.execPath, args: [echo] })
}, 30_000)
afterAll(async () => {
  await open.disposeAsync()
  rmSync(folder, { recursive: true, force: true })
}, 15_000)

const register = async (body: unknown) => {
  const response = await fetch(`${plane.url}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const answer = (await response.json()) as Record<string, unknown>
  return { status: response.status, body: answer }
}

async function registered(redirect = REDIRECT, name = 'Busy Agent'): Promise<string> {
  const { body } = await register({ client_name: name, redirect_uris: [redirect] })
  return String(body.client_id)
}

const authorizeUrl = (fields: Fields) => `${plane.url}/oauth/authorize?${encode(fields)}`
const request = (clientId: string, redirect = REDIRECT, more: Fields = {}) => ({
  ...codeRequest(eng.url, redirect, makePkce().challenge),
  device_name: undefined,
  client_id: clientId,
  ...more,
})

it.each(['legacy', 'modern'] as const)(
  'a client of the %s SDK that has the URL alone registers, sends its user here, and gets a token',
  async (sdk) => {
    const provider = new LoginProvider(REDIRECT)
    const { page, callback } = await logIn(sdk, eng.url, provider, eng.token)
    expect(page.text).toContain('Busy Agent')
    expect(page.text).toContain('a program on this computer')
    expect(callback.get('iss')).toBe(`${plane.url}/oauth`)
    expect(provider.granted?.access_token).toMatch(/^mcpgw_/)
    const { open: openTransport, tools } = SDKS[sdk]
    expect(await tools(openTransport(eng.url, provider))).toContain('shaky__echo')

    const { items } = await plane.api('GET', '/workspaces/eng/tokens?limit=200')
    const tokens = items as { id: string; name: string; role: string; createdAt: string }[]
    const [issued] = tokens.filter(({ name }) => name === 'Busy Agent').toSorted(byNewest)
    expect(issued).toMatchObject({ role: 'developer' })
    // Its user is asked again, once the token is not good any more.
    provider.asked = undefined
    await plane.api('DELETE', `/workspaces/eng/tokens/${issued?.id}`)
    await expect(tools(openTransport(eng.url, provider))).rejects.toThrow(/unauthorized/i)
    expect((await openPage(provider.asked ?? '')).status).toBe(200)
  },
)

const byNewest = (one: { createdAt: string }, other: { createdAt: string }) =>
  other.createdAt.localeCompare(one.createdAt)

describe('what a client finds its way by', () => {
  it('is named by the refusal, and not at the well-known address of the workspace', async () => {
    const refused = await fetch(eng.url, { method: 'POST', body: '{}' })
    expect(refused.status).toBe(401)
    const challenge = refused.headers.get('www-authenticate') ?? ''
    expect(challenge).toBe(`Bearer realm="mcpgw", resource_metadata="${plane.url}/oauth/resource/ws/eng"`)
    const document = await fetch(`${plane.url}/oauth/resource/ws/eng`)
    expect(await document.json()).toMatchObject({
      resource: eng.url,
      authorization_servers: [`${plane.url}/oauth`],
    })
    for (const path of [
      'oauth-protected-resource',
      'oauth-protected-resource/ws/eng',
      'oauth-authorization-server',
    ])
      expect((await fetch(`${plane.url}/.well-known/${path}`)).status, path).toBe(404)
  })

  it('says the same of a workspace that does not exist', async () => {
    const of = async (slug: string) => {
      const refused = await fetch(`${plane.url}/ws/${slug}`, { method: 'POST', body: '{}' })
      const document = await fetch(`${plane.url}/oauth/resource/ws/${slug}`)
      const text = `${refused.status} ${refused.headers.get('www-authenticate')} ${await document.text()}`
      return text.replaceAll(slug, 'SLUG')
    }
    expect(await of('none')).toBe(await of('eng'))
  })

  it.each(['2025-11-25', '2026-07-28'])('holds what the conformance suite wants of %s', async (revision) => {
    const port = String(await freePort())
    const id = await registered('http://127.0.0.1:1/callback')
    const words = ['authorization', '--url', `${plane.url}/oauth`, '--spec-version', revision]
    const client = ['--client-id', id, '--resource', eng.url, '--port', port]
    const suite = spawn(process.execPath, [CONFORMANCE, ...words, ...client], { cwd: folder })
    let said = ''
    let approved: Promise<unknown> | undefined
    suite.stdout.on('data', (chunk) => {
      said += chunk
      const [address] = /http\S+\/oauth\/authorize\?\S+(?=\n)/.exec(said) ?? []
      // Without its answer the suite waits for five minutes.
      if (address !== undefined)
        approved ??= approveAt(address).finally(() => setTimeout(() => suite.kill(), 30_000).unref())
    })
    await once(suite, 'close')
    await approved
    expect(said).toMatch(/authorization-server-metadata-endpoint: 2 passed, 0 failed/)
    expect(said).toMatch(/authorization-code-grant: 1 passed, 0 failed/)
  })
})

/** As a browser does: the answer goes where the redirect says. */
async function approveAt(address: string): Promise<void> {
  const page = await openPage(address)
  const { headers } = await page.send({ proof: eng.token, decision: 'approve' })
  // The suite tells its address before it listens there.
  await vi.waitFor(() => fetch(headers.get('location') ?? ''), { timeout: 30_000 })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, done))
  // A TCP server that listens has an AddressInfo.
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

describe('registering', () => {
  it('answers what is so, whatever was asked for', async () => {
    const asked = {
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'admin',
    }
    expect(await register(asked)).toEqual({
      status: 201,
      body: {
        client_id: expect.stringMatching(/^[\w-]+$/),
        client_id_issued_at: expect.any(Number),
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    })
  })

  it.each([
    ['no redirect', { redirect_uris: [] }],
    ['plain http elsewhere', { redirect_uris: ['http://client.example/callback'] }],
    ['code that a browser runs', { redirect_uris: ['javascript:alert(1)//'] }],
    ['a fragment', { redirect_uris: ['https://client.example/#x'] }],
    ['a user name', { redirect_uris: ['https://a:b@client.example/'] }],
    ['a name of several lines', { redirect_uris: [REDIRECT], client_name: 'a\nb' }],
    ['no JSON', 'redirect_uris=x'],
  ])('is refused with %s, in the words of OAuth', async (_name, body) => {
    const refused = await register(body)
    expect(refused).toEqual({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.any(String) },
    })
  })

  it('is known after a restart, because nothing of it is kept', async () => {
    const id = await registered()
    await plane.kill()
    await plane.start()
    expect((await openPage(authorizeUrl(request(id)))).status).toBe(200)
  })
})

describe('the page that asks', () => {
  it('sends answers only where the client said, on this computer at any port', async () => {
    const id = await registered()
    for (const [redirect, status] of [
      ['http://localhost:54321/callback', 200],
      ['http://localhost:54321/other', 400],
      ['http://127.0.0.1:9/callback', 400],
      ['https://evil.example/callback', 400],
    ] as const) {
      const page = await openPage(authorizeUrl(request(id, redirect)))
      expect(page.status, redirect).toBe(status)
      expect(page.headers.get('location')).toBeNull()
    }
    const web = await registered('https://client.example/callback')
    for (const [redirect, status] of [
      ['https://client.example/callback', 200],
      ['https://client.example:8443/callback', 400],
      ['https://client.example/callback?x=1', 400],
    ] as const)
      expect((await openPage(authorizeUrl(request(web, redirect)))).status, redirect).toBe(status)
  })

  it('says where the answer goes, which the name does not prove', async () => {
    const web = await openPage(
      authorizeUrl(
        request(await registered('https://client.example/cb', 'Claude'), 'https://client.example/cb'),
      ),
    )
    expect(web.text).toMatch(/Calls itself[\s\S]*Claude[\s\S]*Returns to[\s\S]*client\.example/)
    expect(web.headers.get('content-security-policy')).toContain("form-action 'self' https://client.example")
    const scheme = 'cursor://anysphere.cursor-mcp/oauth/callback'
    const app = await openPage(authorizeUrl(request(await registered(scheme), scheme)))
    expect(app.text).toContain('the program that opens cursor: links')
    expect(app.headers.get('content-security-policy')).toContain("form-action 'self' cursor:")
    const { headers } = await app.send({ proof: eng.token, decision: 'approve' })
    expect(headers.get('location')).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/)
  })

  it('gives such a program no admin token, also not an admin’s', async () => {
    const admin = await plane.token('eng', { role: 'admin' })
    const page = await openPage(authorizeUrl(request(await registered())))
    expect(page.text).not.toContain('value="admin"')
    const refused = await page.send({ proof: admin, role: 'admin', decision: 'approve' })
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('no more than')
    const invite = await plane.api('POST', '/workspaces/eng/invites', { member: 'amy', role: 'admin' })
    expect((await page.send({ proof: String(invite.link), decision: 'approve' })).status).toBe(403)
    const usual = await page.send({ proof: admin, decision: 'approve' })
    expect(usual.status).toBe(303)
  })

  it.each([
    'made-up',
    'https://127.0.0.1:1/client.json',
    'https://169.254.169.254/latest/meta-data/client.json',
    'https://client.example/',
  ])('says so when nobody knows the program %s', async (id) => {
    const page = await openPage(authorizeUrl(request(id)))
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.text).not.toContain('name="proof"')
  })
})

describe('a code', () => {
  async function approved(clientId: string) {
    const { verifier, challenge } = makePkce()
    const page = await openPage(authorizeUrl(request(clientId, REDIRECT, { code_challenge: challenge })))
    const { headers } = await page.send({ proof: eng.token, decision: 'approve' })
    const code = new URL(headers.get('location') ?? '').searchParams.get('code') ?? ''
    return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier }
  }

  it('is the client’s that asked for it', async () => {
    const [mine, other] = [await registered(), await registered()]
    const code = await approved(mine)
    for (const client_id of [other, 'mcpgw', undefined]) {
      const refused = await postForm(`${plane.url}/oauth/token`, { ...code, client_id })
      expect(refused.status).toBe(400)
    }
    const { status, body } = await postForm(`${plane.url}/oauth/token`, { ...code, client_id: mine })
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'developer' })
  })

  it('is of no use without its proof key', async () => {
    const id = await registered()
    const code = { ...(await approved(id)), code_verifier: makePkce().verifier, client_id: id }
    expect((await postForm(`${plane.url}/oauth/token`, code)).body).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('giving a token back', () => {
  const revoke = (token: string) => postForm(`${plane.url}/oauth/revoke`, { token })
  const isGood = async (token: string) =>
    (await plane.tryApi('GET', '/whoami', undefined, token)).status === 200

  it('ends it at once, with a row in the log, and says the same of every other', async () => {
    const token = await plane.token('eng', { name: 'agent' })
    expect(await isGood(token)).toBe(true)
    const answers = []
    for (const text of [token, token, `${token}x`, 'nothing']) answers.push((await revoke(text)).status)
    expect(answers).toEqual([200, 200, 200, 200])
    expect(await isGood(token)).toBe(false)
    const { items } = await plane.api('GET', '/workspaces/eng/audit?kind=management&limit=5')
    const rows = (items as { method: string }[]).filter(({ method }) => method === 'login.end')
    expect(rows).toEqual([expect.objectContaining({ outcome: 'ok', shownAs: 'agent', member: 'tester' })])
  })

  it('leaves an owner’s alone', async () => {
    expect((await revoke(plane.ownerToken)).status).toBe(200)
    expect(await isGood(plane.ownerToken)).toBe(true)
  })
})
