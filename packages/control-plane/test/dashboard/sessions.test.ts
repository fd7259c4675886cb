import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hashToken, mintToken } from '../../src/access/token-format.ts'
import { ENVELOPE, MODERN } from '../access/doors.ts'
import { cookieOf, type Gateway, OWN_PAGE, openGateway, signIn } from './open-gateway.ts'

const HOUR_MS = 3_600_000
const SESSION = '/api/v1/session'
const WHOAMI = '/api/v1/whoami'

let gateway: Gateway

beforeAll(async () => {
  gateway = await openGateway()
  for (const slug of ['team', 'other']) {
    const workspace = { id: `w-${slug}`, slug, name: slug, createdAt: 0 }
    await gateway.app.storage.workspaces.create(workspace)
  }
})

afterAll(() => gateway[Symbol.asyncDispose]())

beforeEach(() => {
  // Never back: what was over must stay so.
  gateway.time.aheadMs += 1
})

const developer = (change: object = {}) => gateway.issue({ workspaceId: 'w-team', ...change })

function use(cookie: string, method = 'GET', path = WHOAMI, json?: unknown) {
  return gateway.ask(method, path, { headers: { cookie, ...OWN_PAGE }, json })
}

const sessionIn = (cookie: string) => cookie.slice(cookie.indexOf('=') + 1)

function tail(headers: Record<string, string>) {
  return fetch(`${gateway.url}/api/v1/workspaces/team/audit/tail`, { headers })
}

/** Resolves when a stream has ended. */
async function drained({ body }: Response): Promise<void> {
  for await (const _ of body ?? []);
}

function bearer(token: string) {
  return { authorization: `Bearer ${token}` }
}

describe('signing in', () => {
  it('lets a browser do what the token may, by its cookie', async () => {
    const { id, token } = await developer({ name: 'laptop', rules: { readOnlyTools: true } })
    const answer = await gateway.ask('POST', SESSION, { json: { token } })
    expect(answer.status).toBe(200)
    const who = {
      role: 'developer',
      member: 'ada',
      workspace: 'team',
      tokenName: 'laptop',
      actions: [
        'workspace.read',
        'server.read',
        'credential.describe',
        'audit.read-own',
        'tool.use',
        'login',
      ],
    }
    const { expiresAt } = answer.body.session
    expect(answer.body).toEqual({ ...who, expiresAt, session: { expiresAt } })
    expect(Date.parse(expiresAt) - gateway.clock.now()).toBeGreaterThan(12 * HOUR_MS - 10_000)
    expect(Date.parse(expiresAt) - gateway.clock.now()).toBeLessThanOrEqual(12 * HOUR_MS)

    expect((await use(cookieOf(answer))).body).toEqual(answer.body)
    expect((await use(cookieOf(answer), 'GET', '/api/v1/workspaces/team')).status).toBe(200)
    expect((await use(cookieOf(answer), 'GET', '/api/v1/workspaces/other')).status).toBe(404)
    expect((await use(cookieOf(answer), 'GET', '/api/v1/workspaces/team/tokens')).status).toBe(403)
    const stored = await gateway.app.storage.tokens.byHash(hashToken(sessionIn(cookieOf(answer))))
    expect(stored).toMatchObject({ kind: 'session', parentId: id, rules: { readOnlyTools: true } })
    expect(JSON.stringify(stored)).not.toContain(sessionIn(cookieOf(answer)))
  })

  it('tells a program with a token that it is in no session', async () => {
    const { token } = await gateway.issue({ name: 'script' })
    const { body } = await gateway.ask('GET', WHOAMI, { headers: bearer(token) })
    expect(body).toMatchObject({ role: 'owner', tokenName: 'script' })
    expect(body.actions).toContain('workspace.create')
    expect(body).not.toHaveProperty('session')
  })

  it('[W3] gives a cookie that no script reads and no other site sends, for as long as the session lasts', async () => {
    const { token } = await developer()
    const { headers } = await gateway.ask('POST', SESSION, { json: { token } })
    const [given = '', ...more] = headers.getSetCookie()
    expect(more).toEqual([])
    expect(given).toMatch(
      new RegExp(
        `^mcpgw-session-${gateway.port}=mcpgw_[0-9A-Za-z]{46}; Max-Age=43(199|200); Path=/; HttpOnly; SameSite=Strict$`,
      ),
    )
  })

  it('[W3] gives one that only this host and only TLS can set, where the public URL has TLS', async () => {
    await using publicly = await openGateway({ settings: { publicUrl: 'https://gateway.example' } })
    const { token } = await publicly.issue()
    const answer = await publicly.ask('POST', SESSION, { json: { token } })
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-mcpgw-session=mcpgw_[0-9A-Za-z]{46}; Max-Age=43(199|200); Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      ),
    ])
    const headers = { cookie: cookieOf(answer), ...OWN_PAGE }
    expect((await publicly.ask('GET', WHOAMI, { headers })).status).toBe(200)
    // A page of another name could have set one without the prefix.
    const plain = { cookie: cookieOf(answer).replace('__Host-', ''), ...OWN_PAGE }
    expect((await publicly.ask('GET', WHOAMI, { headers: plain })).status).toBe(401)
  })

  it('[W3] gives another one each time, whatever the browser came with', async () => {
    const { token } = await developer()
    const planted = await signIn(gateway, token)
    const answer = await gateway.ask('POST', SESSION, { json: { token }, headers: { cookie: planted } })
    expect(cookieOf(answer)).not.toBe(planted)
    const chosen = await gateway.issue()
    const fixed = `mcpgw-session-${gateway.port}=${chosen.token}`
    const second = await gateway.ask('POST', SESSION, { json: { token }, headers: { cookie: fixed } })
    expect(second.headers.getSetCookie()[0]).not.toContain(chosen.token)
    expect((await use(fixed)).status).toBe(401)
  })

  it('[W3] takes no cookie that is there twice: one of them was put there by somebody else', async () => {
    const cookie = await signIn(gateway, (await developer()).token)
    const other = await signIn(gateway, (await developer()).token)
    expect((await use(`${other}; ${cookie}`)).status).toBe(401)
    expect((await use(`theme=dark; ${cookie}; last=1`)).status).toBe(200)
  })

  it('[W7] answers alike for a token that is malformed, unknown, revoked, over or a session', async () => {
    const revoked = await developer()
    await gateway.app.storage.tokens.revoke(revoked.id, 1)
    const over = await developer({ expiresAt: gateway.clock.now() - 1 })
    const session = sessionIn(await signIn(gateway, (await developer()).token))
    const unknown = mintToken({ bytes: randomBytes })
    const answers = []
    for (const token of ['undefined', unknown, revoked.token, over.token, session])
      answers.push(await gateway.ask('POST', SESSION, { json: { token } }))
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers[0]?.body).toMatchObject({ code: 'unauthenticated', fix: expect.any(String) })
    expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([])
  })

  it('[W7] counts wrong ones with those of all doors: 10 in a minute from an address, and lets a good one in', async () => {
    const headers = { 'x-forwarded-for': '198.51.100.7' }
    const { token } = await developer()
    const wrong = () => gateway.ask('POST', SESSION, { json: { token: 'mcpgw_guess' }, headers })
    const statuses = []
    for (let count = 0; count < 8; count += 1) statuses.push((await wrong()).status)
    const guess = { ...headers, ...bearer('mcpgw_guess') }
    for (let count = 0; count < 2; count += 1)
      statuses.push((await gateway.ask('GET', WHOAMI, { headers: guess })).status)
    expect(statuses).toEqual(Array(10).fill(401))
    const refused = await wrong()
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const cookie = `mcpgw-session-${gateway.port}=mcpgw_guess`
    const byCookie = { headers: { ...headers, cookie, ...OWN_PAGE } }
    expect((await gateway.ask('GET', WHOAMI, byCookie)).status).toBe(429)
    expect((await gateway.ask('POST', SESSION, { json: { token }, headers })).status).toBe(200)
  })

  it('refuses what is no JSON, no token, or more than that', async () => {
    const { token } = await developer()
    const json = JSON.stringify({ token })
    const statuses = []
    for (const options of [
      { body: json, headers: { 'content-type': 'text/plain' } },
      { body: `token=${token}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      { json: {} },
      { json: { token, role: 'owner' } },
      { body: '{', headers: { 'content-type': 'application/json' } },
    ])
      statuses.push((await gateway.ask('POST', SESSION, options)).status)
    expect(statuses).toEqual([415, 415, 400, 400, 400])
    const other = await gateway.ask('GET', SESSION)
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'POST, DELETE'])
  })

  it('is in the log, and so is signing out', async () => {
    const { id, token } = await developer({ name: 'desk' })
    const cookie = await signIn(gateway, token)
    await use(cookie, 'DELETE', SESSION)
    const { items } = await gateway.app.storage.audit.search({ workspaceId: 'w-team' }, { limit: 2 })
    const session = await gateway.app.storage.tokens.byHash(hashToken(sessionIn(cookie)))
    expect(items).toMatchObject([
      { method: 'session.close', tokenId: session?.id, tool: session?.id, member: 'ada', outcome: 'ok' },
      { method: 'session.open', tokenId: id, tool: session?.id, shownAs: 'desk', outcome: 'ok' },
    ])
  })
})

describe('[W3] a session', () => {
  it('is over on the server once the browser signs out, and the cookie is taken back', async () => {
    const cookie = await signIn(gateway, (await developer()).token)
    const stillOpen = await tail({ cookie, ...OWN_PAGE })
    const answer = await use(cookie, 'DELETE', SESSION)
    expect(answer.status).toBe(204)
    expect(answer.headers.getSetCookie()).toEqual([
      `mcpgw-session-${gateway.port}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict`,
    ])
    await drained(stillOpen)
    const again = await use(cookie)
    expect(again.status).toBe(401)
    expect(again.headers.getSetCookie()[0]).toContain('Max-Age=0')
    // Who signs out twice is signed out.
    expect((await use(cookie, 'DELETE', SESSION)).status).toBe(204)
  })

  const ENDS: [string, (id: string) => Promise<unknown>][] = [
    ['is revoked', (id) => gateway.app.storage.tokens.revoke(id, gateway.clock.now())],
    ['is rotated', (id) => gateway.app.storage.tokens.replaceHash(id, `new hash of ${id}`, undefined, 1)],
  ]

  it.each(ENDS)('ends at once when its token %s, with the log it follows', async (_how, end) => {
    const { id, token } = await developer()
    const cookie = await signIn(gateway, token)
    const open = await tail({ cookie, ...OWN_PAGE })
    expect(open.status).toBe(200)
    await end(id)
    expect((await use(cookie)).status).toBe(401)
    await drained(open)
  })

  it('ends with a token that expires sooner, with the log it follows', async () => {
    const { token } = await developer({ expiresAt: gateway.clock.now() + 1_500 })
    const cookie = await signIn(gateway, token)
    const open = await tail({ cookie, ...OWN_PAGE })
    expect((await use(cookie)).status).toBe(200)
    await drained(open)
    expect((await use(cookie)).status).toBe(401)
  })

  it('ends with the workspace', async () => {
    const { storage } = gateway.app
    await storage.workspaces.create({ id: 'w-brief', slug: 'brief', name: 'Brief', createdAt: 0 })
    const cookie = await signIn(
      gateway,
      (await gateway.issue({ workspaceId: 'w-brief', role: 'admin' })).token,
    )
    expect((await use(cookie)).status).toBe(200)
    await storage.workspaces.remove('w-brief')
    expect((await use(cookie)).status).toBe(401)
  })

  it('ends after two hours without use, and not before', async () => {
    const cookie = await signIn(gateway, (await developer()).token)
    for (let hours = 0; hours < 4; hours += 1) {
      gateway.time.aheadMs += 2 * HOUR_MS - 60_000
      expect((await use(cookie)).status).toBe(200)
    }
    gateway.time.aheadMs += 2 * HOUR_MS
    expect((await use(cookie)).status).toBe(401)
  })

  it('ends after twelve hours of use', async () => {
    const cookie = await signIn(gateway, (await developer()).token)
    for (let hours = 1; hours < 12; hours += 1) {
      gateway.time.aheadMs += HOUR_MS
      expect([hours, (await use(cookie)).status]).toEqual([hours, 200])
    }
    gateway.time.aheadMs += HOUR_MS
    expect((await use(cookie)).status).toBe(401)
  })

  it('is forgotten when it is over and another one is opened', async () => {
    const cookie = await signIn(gateway, (await developer()).token)
    const hash = hashToken(sessionIn(cookie))
    gateway.time.aheadMs += 12 * HOUR_MS
    expect(await gateway.app.storage.tokens.byHash(hash)).toBeDefined()
    await signIn(gateway, (await developer()).token)
    expect(await gateway.app.storage.tokens.byHash(hash)).toBeUndefined()
  })

  it('is not listed among the tokens but beside them, and can be ended there', async () => {
    const admin = await gateway.issue({ workspaceId: 'w-team', role: 'admin' })
    const { id, token } = await developer({ name: 'listed' })
    const cookie = await signIn(gateway, token)
    const list = async (query: string) =>
      (await gateway.ask('GET', `/api/v1/workspaces/team/tokens${query}`, { headers: bearer(admin.token) }))
        .body.items as { id: string; kind: string; parentId?: string }[]
    expect((await list('?kind=session')).filter(({ parentId }) => parentId === id)).toMatchObject([
      { kind: 'session', name: 'listed', member: 'ada' },
    ])
    const tokens = await list('?limit=500')
    expect(new Set(tokens.map(({ kind }) => kind))).toEqual(new Set(['token']))
    expect(tokens.map((one) => one.id)).toContain(id)
    const session = (await list('?kind=session'))[0]
    const rotated = await gateway.ask('POST', `/api/v1/workspaces/team/tokens/${session?.id}/rotate`, {
      headers: bearer(admin.token),
    })
    expect([rotated.status, rotated.body.detail]).toEqual([
      409,
      expect.stringContaining('session of a browser'),
    ])
    expect((await use(cookie)).status).toBe(200)
    const ended = await gateway.ask('DELETE', `/api/v1/workspaces/team/tokens/${session?.id}`, {
      headers: bearer(admin.token),
    })
    expect(ended.status).toBe(204)
    expect((await use(cookie)).status).toBe(401)
  })

  it('of an owner is no owner token: the last of those stays, and the session can be ended', async () => {
    await using fresh = await openGateway()
    const { id, token } = await fresh.issue()
    const cookie = await signIn(fresh, token)
    const headers = bearer(token)
    expect(await fresh.app.storage.tokens.countOwners()).toBe(1)
    expect((await fresh.ask('DELETE', `/api/v1/tokens/${id}`, { headers })).status).toBe(409)
    const { body } = await fresh.ask('GET', '/api/v1/tokens?kind=session', { headers })
    expect(body.items).toMatchObject([{ kind: 'session', role: 'owner', parentId: id }])
    const [session] = body.items
    expect((await fresh.ask('DELETE', `/api/v1/tokens/${session.id}`, { headers })).status).toBe(204)
    const byCookie = { headers: { cookie, ...OWN_PAGE } }
    expect((await fresh.ask('GET', WHOAMI, byCookie)).status).toBe(401)
  })
})

describe('[W3] what a browser holds and what a program holds', () => {
  const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: ENVELOPE } })
  const MCP = {
    'content-type': 'application/json',
    accept: 'application/json',
    'mcp-protocol-version': MODERN,
    'mcp-method': 'tools/list',
  }

  it('are not taken for each other, at any door', async () => {
    const { token } = await developer()
    const cookie = await signIn(gateway, token)
    const session = sessionIn(cookie)
    const name = `mcpgw-session-${gateway.port}`
    const asked: [string, Record<string, string>][] = [
      ['a session as a token', bearer(session)],
      ['a token as a session', { cookie: `${name}=${token}`, ...OWN_PAGE }],
    ]
    for (const [what, headers] of asked) {
      const mcp = await gateway.ask('POST', '/ws/team', { headers: { ...MCP, ...headers }, body: message })
      const legacy = await gateway.ask('GET', '/ws/team', {
        headers: { accept: 'text/event-stream', ...headers },
      })
      const api = await gateway.ask('GET', WHOAMI, { headers })
      const log = await gateway.ask('GET', '/api/v1/workspaces/team/audit/tail', { headers })
      expect([what, mcp.status, legacy.status, api.status, log.status]).toEqual([what, 401, 401, 401, 401])
    }
    // As they are meant, both are good.
    const good = await gateway.ask('POST', '/ws/team', {
      headers: { ...MCP, ...bearer(token) },
      body: message,
    })
    expect([good.status, (await use(cookie)).status]).toEqual([200, 200])
  })

  it('are refused alike at the MCP door: it knows no cookie', async () => {
    const cookie = await signIn(gateway, (await developer()).token)
    const headers = { ...MCP, cookie, ...OWN_PAGE }
    expect((await gateway.ask('POST', '/ws/team', { headers, body: message })).status).toBe(401)
  })

  it('differ in that a session lets no device in, and opens no other session', async () => {
    const { token } = await developer()
    const session = sessionIn(await signIn(gateway, token))
    const form = new URLSearchParams({
      client_id: 'mcpgw',
      resource: `${gateway.url}/ws/team`,
      device_name: 'box',
    })
    const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
    const begun = await gateway.ask('POST', '/oauth/device', { body: String(form), headers: FORM })
    expect(begun.status).toBe(200)
    const decide = async (proof: string) => {
      const decision = { user_code: begun.body.user_code, proof, decision: 'approve', role: 'developer' }
      const body = String(new URLSearchParams(decision))
      return (await gateway.ask('POST', '/oauth/device/decide', { body, headers: FORM })).status
    }
    expect([await decide(session), await decide(token)]).toEqual([403, 200])
    expect((await gateway.ask('POST', SESSION, { json: { token: session } })).status).toBe(401)
  })

  it('do not mix: who sends a token is not asked about a cookie', async () => {
    const admin = await gateway.issue({ workspaceId: 'w-team', role: 'admin', member: 'adm' })
    const cookie = await signIn(gateway, (await developer({ member: 'dev' })).token)
    const both = { ...bearer(admin.token), cookie, 'sec-fetch-site': 'cross-site' }
    const { status, body } = await gateway.ask('GET', WHOAMI, { headers: both })
    expect([status, body.member]).toEqual([200, 'adm'])
    const bad = { ...bearer('mcpgw_none'), cookie, ...OWN_PAGE }
    expect((await gateway.ask('GET', WHOAMI, { headers: bad })).status).toBe(401)
  })
})
