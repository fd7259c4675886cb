import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { codeRequest, encode, type Fields, makePkce, postForm } from './client.ts'

/** Where nobody listens: what is sent there is read from the redirect. */
const REDIRECT = 'http://127.0.0.1:9/callback'
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const INVITE_GRANT = 'urn:mcpgw:params:oauth:grant-type:invite'

let plane: ControlPlane
let url = ''
let token = ''

beforeAll(async () => {
  plane = await ControlPlane.start()
  const workspace = await plane.workspace('acme')
  url = workspace.url
  token = workspace.token
  await plane.workspace('other')
})

afterAll(() => plane[Symbol.asyncDispose]())

const authorize = (fields: Fields) =>
  fetch(`${plane.url}/oauth/authorize?${encode(fields)}`, { redirect: 'manual' })
const exchange = (fields: Fields) => postForm(`${plane.url}/oauth/token`, { client_id: 'mcpgw', ...fields })
const request = (more: Fields = {}) => ({ ...codeRequest(url, REDIRECT, makePkce().challenge), ...more })

function redirectedTo(response: { status: number; headers: Headers }): Record<string, string> {
  expect(response.status).toBe(303)
  const location = response.headers.get('location') ?? ''
  expect(location.startsWith(`${REDIRECT}?`)).toBe(true)
  return Object.fromEntries(new URL(location).searchParams)
}

/** Approves in place of the browser; answers what redeems the code. */
async function approvedCode(more: Fields = {}): Promise<Fields> {
  const { verifier, challenge } = makePkce()
  const form = { ...request({ code_challenge: challenge }), proof: token, decision: 'approve', ...more }
  const { code } = redirectedTo(await postForm(`${plane.url}/oauth/authorize`, form))
  return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier }
}

async function whoami(accessToken: unknown) {
  const { status, body } = await plane.tryApi('GET', '/whoami', undefined, String(accessToken))
  return { status, body }
}

describe('a code for a token', () => {
  it('gives a token of its own, and says what it is good for', async () => {
    const { status, headers, body } = await exchange({ ...(await approvedCode()), resource: url })
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      access_token: expect.stringMatching(/^mcpgw_\w{46}$/),
      token_type: 'Bearer',
      scope: 'developer',
      workspace: url,
    })
    expect(body.access_token).not.toBe(token)
    expect(await whoami(body.access_token)).toMatchObject({
      status: 200,
      body: { role: 'developer', member: 'tester', workspace: 'acme' },
    })
  })

  it('says when the token ends, no later than the one that approved it', async () => {
    const proof = await plane.token('acme', { expiresIn: 3600, role: 'readonly' })
    const { body } = await exchange(await approvedCode({ proof }))
    expect(body).toMatchObject({ scope: 'readonly' })
    expect(body.expires_in).toBeGreaterThan(3500)
    expect(body.expires_in).toBeLessThanOrEqual(3600)
  })

  it('gives nothing for a code that comes twice, and ends the token it gave', async () => {
    const redemption = await approvedCode()
    const { body } = await exchange(redemption)
    expect(await exchange(redemption)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await whoami(body.access_token)).toMatchObject({ status: 401 })
  })

  it.each<[string, Fields, string]>([
    ['another redirect_uri', { redirect_uri: 'http://127.0.0.1:9/other' }, 'invalid_grant'],
    ['another verifier', { code_verifier: makePkce().verifier }, 'invalid_grant'],
    ['no verifier', { code_verifier: undefined }, 'invalid_request'],
    ['no redirect_uri', { redirect_uri: undefined }, 'invalid_request'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['a code nobody gave', { code: 'x'.repeat(43) }, 'invalid_grant'],
    ['a resource elsewhere', { resource: 'https://example.com/ws/acme' }, 'invalid_target'],
  ])('refuses %s', async (_what, wrong, error) => {
    const answer = await exchange({ ...(await approvedCode()), ...wrong })
    expect(answer).toMatchObject({ status: 400, body: { error, error_description: expect.any(String) } })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('refuses a code for another workspace than the approved one', async () => {
    const redemption = { ...(await approvedCode()), resource: `${plane.url}/ws/other` }
    expect(await exchange(redemption)).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  })

  it.each(['other', undefined])('refuses the client %s', async (client_id) => {
    const answer = await exchange({ ...(await approvedCode()), client_id })
    const expected = client_id === undefined ? [400, 'invalid_request'] : [401, 'invalid_client']
    expect([answer.status, answer.body.error]).toEqual(expected)
  })
})

describe('the token endpoint', () => {
  it.each([
    ['no grant_type', undefined, 'invalid_request'],
    ['a grant_type it does not know', 'password', 'unsupported_grant_type'],
    ['a grant_type that is a name of an object', '__proto__', 'unsupported_grant_type'],
  ])('refuses %s', async (_what, grant_type, error) => {
    expect(await exchange({ grant_type })).toMatchObject({ status: 400, body: { error } })
  })

  it('refuses a parameter that is given twice', async () => {
    const twice = `${encode({ client_id: 'mcpgw', ...(await approvedCode()) })}&client_id=mcpgw`
    const answer = await postForm(`${plane.url}/oauth/token`, twice)
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it.each([
    ['JSON', 'application/json', '{"grant_type":"authorization_code"}'],
    ['several parts', 'multipart/form-data; boundary=x', '--x--'],
    ['text that is a form', 'text/plain', 'client_id=mcpgw'],
  ])('refuses %s', async (_what, type, body) => {
    const answer = await postForm(`${plane.url}/oauth/token`, body, { 'content-type': type })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('refuses a form that is larger than 16 kB, whether or not it says so', async () => {
    const large = `client_id=mcpgw&x=${'x'.repeat(20_000)}`
    expect(await postForm(`${plane.url}/oauth/token`, large)).toMatchObject({ status: 413 })
    const response = await fetch(`${plane.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: ReadableStream.from([Buffer.from(large)]),
      duplex: 'half',
    })
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
  })

  it('takes POST alone', async () => {
    for (const path of ['/oauth/token', '/oauth/device/check', '/oauth/device/decide']) {
      const response = await fetch(plane.url + path)
      expect([path, response.status, response.headers.get('allow')]).toEqual([path, 405, 'POST'])
    }
  })

  it('does not let pages of other sites use it', async () => {
    const answer = await postForm(
      `${plane.url}/oauth/token`,
      { client_id: 'mcpgw' },
      { origin: 'https://evil.example' },
    )
    expect(answer.status).toBe(403)
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  })
})

describe('what a client asks for in the browser', () => {
  it.each<[string, Fields]>([
    ['another client_id', { client_id: 'other' }],
    ['no client_id', { client_id: undefined }],
    ['no redirect_uri', { redirect_uri: undefined }],
    ['a redirect to another computer', { redirect_uri: 'http://example.com:80/callback' }],
    ['a redirect to a name that only looks local', { redirect_uri: 'http://127.0.0.1.example.com:80/x' }],
    ['a redirect with a name before the host', { redirect_uri: 'http://127.0.0.1:80@example.com/x' }],
    ['a redirect by https', { redirect_uri: 'https://127.0.0.1:9/callback' }],
    ['a redirect without a port', { redirect_uri: 'http://127.0.0.1/callback' }],
    ['a redirect to a port there is not', { redirect_uri: 'http://127.0.0.1:99999/callback' }],
    ['a redirect with a fragment', { redirect_uri: `${REDIRECT}#x` }],
    ['a redirect with a line break', { redirect_uri: `${REDIRECT}\r\nx: y` }],
    ['a redirect to a script', { redirect_uri: 'javascript:alert(1)' }],
    ['no resource', { resource: undefined }],
    ['a resource elsewhere', { resource: 'https://example.com/ws/acme' }],
    ['a resource that is no workspace', { resource: 'http://127.0.0.1/ws/acme' }],
    ['a state that breaks the line', { state: 'x\r\nset-cookie: a=b' }],
    ['a state without end', { state: 'x'.repeat(1001) }],
  ])('shows a page and sends nothing back for %s', async (_what, wrong) => {
    const response = await authorize(request(wrong))
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(response.headers.has('location')).toBe(false)
    expect(response.headers.has('set-cookie')).toBe(false)
    const posted = await postForm(`${plane.url}/oauth/authorize`, {
      ...request(wrong),
      proof: token,
      decision: 'approve',
    })
    expect([posted.status, posted.headers.get('location')]).toEqual([400, null])
  })

  it.each<[string, Fields, string]>([
    ['a response_type other than code', { response_type: 'token' }, 'unsupported_response_type'],
    ['no response_type', { response_type: undefined }, 'unsupported_response_type'],
    ['no challenge', { code_challenge: undefined }, 'invalid_request'],
    ['a challenge of another length', { code_challenge: 'abc' }, 'invalid_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a challenge without its method', { code_challenge_method: undefined }, 'invalid_request'],
    ['no state', { state: undefined }, 'invalid_request'],
  ])('tells the client of %s', async (_what, wrong, error) => {
    const told = redirectedTo(await authorize(request(wrong)))
    expect(told).toMatchObject({ error, iss: `${plane.url}/oauth`, error_description: expect.any(String) })
    expect(told.code).toBeUndefined()
    const form = { ...request(wrong), proof: token, decision: 'approve' }
    expect(redirectedTo(await postForm(`${plane.url}/oauth/authorize`, form))).toMatchObject({ error })
  })

  it('refuses a parameter that is given twice', async () => {
    const response = await fetch(
      `${plane.url}/oauth/authorize?${encode(request())}&redirect_uri=${encodeURIComponent(REDIRECT)}`,
      { redirect: 'manual' },
    )
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })

  it('ignores a parameter that it does not know', async () => {
    expect((await authorize(request({ prompt: 'none' }))).status).toBe(200)
  })

  it.each(['127.0.0.1', 'localhost', '[::1]'])('sends codes to a program at %s', async (host) => {
    const redirect_uri = `http://${host}:9/callback?kept=1`
    const form = { ...request({ redirect_uri }), proof: token, decision: 'approve' }
    const { headers } = await postForm(`${plane.url}/oauth/authorize`, form)
    const location = new URL(headers.get('location') ?? '')
    expect(location.host).toBe(`${host}:9`)
    expect(Object.fromEntries(location.searchParams)).toEqual({
      kept: '1',
      code: expect.stringMatching(/^[\w-]{43}$/),
      state: 'some-state',
      iss: `${plane.url}/oauth`,
    })
  })

  it('gives back the state exactly as it came', async () => {
    const state = 'a&b=c#d+e%20f"\'<g>\\;,/?:@ ~'
    const form = { ...request({ state }), decision: 'cancel' }
    expect(redirectedTo(await postForm(`${plane.url}/oauth/authorize`, form))).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state,
      iss: `${plane.url}/oauth`,
    })
  })

  it.each<[string, () => Promise<Fields>, number]>([
    ['no token', async () => ({}), 403],
    ['a token that is none', async () => ({ proof: 'mcpgw_x' }), 403],
    ['a token of another workspace', async () => ({ proof: await plane.token('other') }), 403],
    ['a role above the token', async () => ({ proof: token, role: 'admin' }), 403],
    ['a role there is not', async () => ({ proof: token, role: 'owner' }), 400],
    ['no decision', async () => ({ proof: token, decision: undefined }), 400],
  ])('stays on the page for %s', async (_what, given, status) => {
    const form = { ...request(), decision: 'approve', ...(await given()) }
    const answer = await postForm(`${plane.url}/oauth/authorize`, form)
    expect([answer.status, answer.headers.get('location')]).toEqual([status, null])
    expect(answer.text).not.toContain(token)
  })

  it('gives an owner at most the role of an admin', async () => {
    const redemption = await approvedCode({ proof: plane.ownerToken, role: 'admin' })
    expect(await exchange(redemption)).toMatchObject({ body: { scope: 'admin' } })
  })
})

describe('a device without a browser', () => {
  const begin = (more: Fields = {}) =>
    postForm(`${plane.url}/oauth/device`, {
      client_id: 'mcpgw',
      resource: url,
      device_name: 'build box',
      ...more,
    })
  const decide = (fields: Fields) => postForm(`${plane.url}/oauth/device/decide`, fields)
  const poll = (device_code: unknown) =>
    exchange({ grant_type: DEVICE_GRANT, device_code: String(device_code) })

  it('is told what to show, and the same for a workspace that does not exist', async () => {
    for (const resource of [url, `${plane.url}/ws/nobody-has-this`]) {
      const { status, headers, body } = await begin({ resource })
      expect(status).toBe(200)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(body).toEqual({
        device_code: expect.stringMatching(/^[\w-]{43}$/),
        user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
        verification_uri: `${plane.url}/oauth/device`,
        verification_uri_complete: `${plane.url}/oauth/device?user_code=${body.user_code}`,
        expires_in: 600,
        interval: 5,
      })
    }
  })

  it.each<[string, Fields, number, string]>([
    ['another client', { client_id: 'other' }, 401, 'invalid_client'],
    ['no resource', { resource: undefined }, 400, 'invalid_request'],
    ['a resource elsewhere', { resource: 'https://example.com/ws/acme' }, 400, 'invalid_target'],
  ])('is refused with %s', async (_what, wrong, status, error) => {
    const answer = await begin(wrong)
    expect([answer.status, answer.body.error]).toEqual([status, error])
  })

  it('[T15] waits, and is told to slow down when it asks too often', async () => {
    const { body } = await begin()
    expect(await poll(body.device_code)).toMatchObject({
      status: 400,
      body: { error: 'authorization_pending' },
    })
    expect(await poll(body.device_code)).toMatchObject({ status: 400, body: { error: 'slow_down' } })
  })

  it('gets a token after a person typed its code and approved', async () => {
    const { body } = await begin()
    const typed = String(body.user_code).toLowerCase().replace('-', ' ')
    const shown = await postForm(`${plane.url}/oauth/device/check`, { user_code: typed })
    expect(shown.status).toBe(200)
    expect(shown.text).toContain('build box')
    expect(shown.text).toContain(String(body.user_code))
    const approved = await decide({ user_code: typed, decision: 'approve', proof: token })
    expect(approved.status).toBe(200)
    const { status, body: issued } = await poll(body.device_code)
    expect(status).toBe(200)
    expect(issued).toMatchObject({ token_type: 'Bearer', scope: 'developer', workspace: url })
    expect(await whoami(issued.access_token)).toMatchObject({ status: 200 })
  })

  it('hears that a person refused, and the code is used up', async () => {
    const { body } = await begin()
    const user_code = String(body.user_code)
    expect((await decide({ user_code, decision: 'cancel' })).status).toBe(200)
    expect(await poll(body.device_code)).toMatchObject({ status: 400, body: { error: 'access_denied' } })
    expect((await decide({ user_code, decision: 'approve', proof: token })).status).toBe(404)
  })

  it('still waits after somebody tried with a wrong token', async () => {
    const { body } = await begin()
    const user_code = String(body.user_code)
    expect((await decide({ user_code, decision: 'approve', proof: 'nonsense' })).status).toBe(403)
    expect(await poll(body.device_code)).toMatchObject({ body: { error: 'authorization_pending' } })
  })

  it('is refused with a device code nobody gave', async () => {
    expect(await poll('x'.repeat(43))).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})

describe('an invite', () => {
  const invite = async () =>
    String((await plane.api('POST', '/workspaces/acme/invites', { member: 'Ada', role: 'readonly' })).link)

  it('shows what to type, as often as it is looked at, and lets in once', async () => {
    const link = await invite()
    for (let looks = 0; looks < 2; looks++) {
      const page = await fetch(link)
      expect(page.status).toBe(200)
      expect(page.headers.get('referrer-policy')).toBe('no-referrer')
      expect(await page.text()).toContain(` login ${link}`)
    }
    const code = link.slice(link.lastIndexOf('/') + 1)
    const accepted = await exchange({ grant_type: INVITE_GRANT, invite: code, device_name: 'laptop' })
    expect(accepted).toMatchObject({ status: 200, body: { scope: 'readonly', workspace: url } })
    expect(await whoami(accepted.body.access_token)).toMatchObject({ body: { member: 'Ada' } })
    expect(await exchange({ grant_type: INVITE_GRANT, invite: code })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect((await fetch(link)).status).toBe(404)
  })

  it('is as good as a token on the page that asks for one', async () => {
    const redemption = await approvedCode({ proof: await invite() })
    expect(await exchange(redemption)).toMatchObject({ status: 200, body: { scope: 'readonly' } })
  })

  it('that does not exist is a page that says what to do', async () => {
    for (const code of ['x'.repeat(43), 'short', '%00', '..%2f']) {
      const response = await fetch(`${plane.url}/invite/${code}`)
      expect(response.status).toBe(404)
      expect(await response.text()).toContain('ask for a new one')
    }
  })
})

it('offers no discovery: clients that find it stop sending the token they were given', async () => {
  for (const path of ['oauth-authorization-server', 'oauth-protected-resource', 'openid-configuration']) {
    for (const suffix of ['', '/ws/acme']) {
      expect((await fetch(`${plane.url}/.well-known/${path}${suffix}`)).status).toBe(404)
    }
  }
})
