import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startAuthorizationServer, type TestAuthorizationServer } from './authorization-server.ts'
import { TestBrowser } from './browse.ts'
import { startProtectedServer, type TestProtectedServer } from './protected-server.ts'
import { TeamWorkspace } from './team-workspace.ts'

let plane: ControlPlane
let authorization: TestAuthorizationServer
let server: TestProtectedServer
let team: TeamWorkspace
let added = 0

/** The server under a new name, nobody logged in. */
async function addNew(oauth?: object): Promise<string> {
  const name = `server-${++added}`
  await team.add(name, server.url, oauth)
  return name
}

async function expectNothingChanged(name: string): Promise<void> {
  expect(await team.show(name)).toMatchObject({
    status: 'needs_login',
    oauth: { login: 'none' },
    credential: { version: null },
  })
}

/** The address that a browser comes back to, with some of its parameters changed. */
function altered(callback: string, change: Record<string, string | undefined>): string {
  const url = new URL(callback)
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  return url.href
}

beforeAll(async () => {
  plane = await ControlPlane.start()
  team = await TeamWorkspace.open(plane)
  authorization = await startAuthorizationServer({
    clients: [
      {
        client_id: 'by-hand',
        client_secret: 'secret-by-hand-Zk71',
        redirect_uris: [team.callbackUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        application_type: 'native',
      },
    ],
  })
  server = await startProtectedServer(authorization)
})

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await authorization[Symbol.asyncDispose]()
})

describe('a server that wants a login', () => {
  it('says so when it is added without one, and how to add it', async () => {
    const checked = await plane.addServer('team', { name: 'plain', url: server.url })
    expect(checked).toMatchObject({ status: 'failing', error: { code: 'upstream_refused' } })
    expect(checked.error).toMatchObject({ fix: expect.stringContaining('"oauth": {"client": "dynamic"}') })
  })

  it('is logged in to by whoever manages it, and then answers', async () => {
    await team.add('notes', server.url)
    expect(await team.show('notes')).toMatchObject({ status: 'needs_login', oauth: { login: 'none' } })
    const page = await team.logIn('notes')
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Logged in to notes')
    await expect
      .poll(() => team.show('notes'))
      .toMatchObject({
        status: 'ready',
        tools: 2,
        oauth: { client: 'dynamic', login: 'active' },
      })
    expect(await team.call('notes__hello')).toContain('hello')
  })

  it('is as before when its credential is removed', async () => {
    const name = await addNew()
    await team.logIn(name)
    await plane.api('DELETE', `/workspaces/team/servers/${name}/credential`)
    await expectNothingChanged(name)
    expect(await team.call('notes__hello')).toContain('hello')
  })

  it('takes no header that its token goes into, and no value in the place of a token', async () => {
    const both = { name: 'both', url: server.url, oauth: {}, headers: { authorization: 'Bearer {{TOKEN}}' } }
    expect((await plane.tryApi('POST', '/workspaces/team/servers', both)).status).toBe(400)
    for (const name of ['oauth:login', 'oauth:access_token']) {
      const { status } = await plane.tryApi('PUT', '/workspaces/team/servers/notes/credential', {
        values: { [name]: 'some-value-1234' },
      })
      expect(status).toBe(400)
    }
  })

  it('is logged in to with a client registered by hand, which is good for its own authorization server alone', async () => {
    const name = await addNew({ client: 'pre-registered', scopes: ['offline_access'] })
    const path = `/workspaces/team/servers/${name}/login`
    const without = await plane.tryApi('POST', path, {}, team.adminToken)
    expect(without.body).toMatchObject({
      code: 'invalid_request',
      fix: expect.stringContaining(team.callbackUrl),
    })
    const client = { clientId: 'by-hand', clientSecret: 'secret-by-hand-Zk71' }
    const elsewhere = { ...client, issuer: 'https://login.example' }
    expect((await plane.tryApi('POST', path, elsewhere, team.adminToken)).body.code).toBe('upstream_refused')
    expect((await team.logIn(name, { ...client, issuer: authorization.issuer })).status).toBe(200)
    expect((await team.logIn(name)).status).toBe(200)
    const said = JSON.stringify(await team.show(name))
    expect(said).not.toContain(client.clientSecret)
  })

  it('is logged in to in the dashboard, by whoever is signed in there', async () => {
    const name = await addNew()
    const signedIn = await signIn(team.adminToken)
    const begun = await signedIn.open(`${plane.url}/api/v1/workspaces/team/servers/${name}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: '{}',
    })
    const { authorizationUrl } = (await begun.json()) as { authorizationUrl: string }
    const callback = await signedIn.follow(authorizationUrl, team.callbackUrl)
    const [somebodyElse, sameToken] = [await signIn(plane.ownerToken), await signIn(team.adminToken)]
    expect((await somebodyElse.open(await nextOf(somebodyElse, callback))).status).toBe(403)
    expect((await sameToken.open(await nextOf(sameToken, callback))).status).toBe(403)
    await expectNothingChanged(name)
    const last = await signedIn.open(await nextOf(signedIn, callback))
    expect([last.status, last.headers.get('location')]).toEqual([303, `/w/team/servers/${name}`])
    expect(await team.show(name)).toMatchObject({ oauth: { login: 'active' } })
  })
})

async function signIn(token: string): Promise<TestBrowser> {
  const browser = new TestBrowser()
  await browser.open(`${plane.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  return browser
}

/** Where the first page leads on to. */
async function nextOf(browser: TestBrowser, callback: string): Promise<string> {
  const page = await browser.open(callback)
  const next = /^0; url=(.+)$/.exec(page.headers.get('refresh') ?? '')?.[1]
  if (next === undefined) throw new Error(`${callback} answers ${page.status}`)
  return new URL(next, plane.url).href
}

describe('[M28] an answer that comes back', () => {
  it('works once', async () => {
    const name = await addNew()
    const callback = await team.comeBack(name)
    expect((await team.finish(callback)).status).toBe(200)
    const { credential } = await team.show(name)
    for (const again of [await team.finish(callback), await fetch(callback)]) {
      expect(again.status).toBe(404)
      expect(await again.text()).toContain('No login waits for this answer.')
    }
    expect((await team.show(name)).credential).toEqual(credential)
  })

  it('works once however many bring it at the same time', async () => {
    const callback = await team.comeBack(await addNew())
    const answers = await Promise.all(Array.from({ length: 5 }, () => team.finish(callback)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404])
  })

  it('is nothing without the state of a login that waits', async () => {
    const name = await addNew()
    const callback = await team.comeBack(name)
    for (const state of [undefined, '', 'x'.repeat(43)]) {
      expect((await fetch(altered(callback, { state }))).status).toBe(404)
      expect((await team.finish(altered(callback, { state }))).status).toBe(404)
    }
    expect((await fetch(`${callback}&state=other`)).status).toBe(400)
    await expectNothingChanged(name)
  })

  it('is nothing when another authorization server has sent it, and the login goes on waiting', async () => {
    const name = await addNew()
    const callback = await team.comeBack(name)
    for (const iss of ['https://evil.example', `${authorization.issuer}/`, undefined]) {
      const page = await team.finish(altered(callback, { iss }))
      expect(page.status).toBe(400)
      expect(await page.text()).toContain('Nothing was changed.')
    }
    await expectNothingChanged(name)
    expect((await team.finish(callback)).status).toBe(200)
  })

  it('says in plain words that somebody said no, and ends the login', async () => {
    const name = await addNew()
    const callback = await team.comeBack(name)
    const denied = altered(callback, {
      code: undefined,
      error: 'access_denied',
      error_description: '<b>x</b>',
    })
    const page = await fetch(denied)
    expect(page.status).toBe(502)
    expect(await page.text()).toMatch(/refused the login \(access_denied\)\. *</)
    await expectNothingChanged(name)
    expect((await team.finish(callback)).status).toBe(404)
    const rows = await team.logRows('server.login.complete')
    expect(rows.find((row) => row.server === name)).toMatchObject({ outcome: 'denied', member: 'ada' })
  })

  it('works for nobody but who began the login', async () => {
    const name = await addNew()
    const callback = await team.comeBack(name)
    const others = [
      plane.ownerToken,
      await plane.token('team', { role: 'admin', member: 'ada' }),
      await plane.token('team', { role: 'admin', member: 'eve' }),
      'mcpgw_nothing',
    ]
    for (const other of others) {
      const page = await team.finish(callback, other)
      expect(page.status).toBe(403)
      expect(await page.text()).toContain('This is not who began the login.')
    }
    await expectNothingChanged(name)
    expect((await team.finish(callback)).status).toBe(200)
  })

  it('is nothing once the token that began the login has ended', async () => {
    const name = await addNew()
    const issued = { name: 'short', member: 'sam', role: 'admin' }
    const { id, token } = await plane.api('POST', '/workspaces/team/tokens', issued)
    const path = `/workspaces/team/servers/${name}/login`
    const { authorizationUrl } = await plane.api('POST', path, {}, String(token))
    const callback = await new TestBrowser().follow(String(authorizationUrl), team.callbackUrl)
    await plane.api('DELETE', `/workspaces/team/tokens/${id}`)
    for (const page of [await fetch(callback), await team.finish(callback, String(token))]) {
      expect(page.status).toBe(403)
      expect(await page.text()).toContain('has ended')
    }
    await expectNothingChanged(name)
  })

  it('leaves rows in the log, and in none of them a secret', async () => {
    const name = await addNew()
    const callback = await team.comeBack(name)
    await team.finish(callback)
    const rows = [...(await team.logRows('server.login')), ...(await team.logRows('server.login.complete'))]
    const own = rows.filter((row) => row.server === name)
    expect(own.map(({ method, outcome, member }) => [method, outcome, member])).toEqual([
      ['server.login', 'ok', 'ada'],
      ['server.login.complete', 'ok', 'ada'],
    ])
    const { searchParams } = new URL(callback)
    for (const secret of [searchParams.get('code') ?? '-', searchParams.get('state') ?? '-'])
      expect(JSON.stringify(rows) + plane.stderr).not.toContain(secret)
  })
})
