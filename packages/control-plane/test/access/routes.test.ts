import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BASE_PATH, ROUTES } from '../../src/http/admin/routes.ts'
import { ControlPlane } from '../control-plane.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { ENVELOPE, MODERN } from './doors.ts'
import { withApp } from './open-app.ts'

const HTML = { accept: 'text/html' }
const EVENTS = { accept: 'text/event-stream' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const NPM = { 'user-agent': 'npm/11.19.1 node/v24.0.0 linux x64 workspaces/false' }
const MODERN_LIST = {
  'content-type': 'application/json',
  accept: 'application/json',
  'mcp-protocol-version': MODERN,
  'mcp-method': 'tools/list',
}

interface Outside {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  /** In the order of CALLERS. */
  statuses: number[]
}

const CALLERS = ['owner', 'admin', 'developer', 'readonly', 'foreign admin', 'nobody', 'malformed'] as const
const alike = (status: number): number[] => CALLERS.map(() => status)
/** Who may not use the tools of the workspace learns nothing of it. */
const WITH_TOKEN = (status: number) => [status, status, status, status, 404, 401, 401]

/** What needs no token: asked for without fields, a form is refused as incomplete. By the words of the router. */
const OPEN: Record<string, Outside> = {
  'GET /healthz': { method: 'GET', path: '/healthz', statuses: alike(200) },
  'GET /readyz': { method: 'GET', path: '/readyz', statuses: alike(200) },
  'GET /': { method: 'GET', path: '/', statuses: alike(200) },
  'GET /sign-in': { method: 'GET', path: '/sign-in', statuses: alike(200) },
  'GET /setup': { method: 'GET', path: '/setup', statuses: alike(200) },
  'GET /account': { method: 'GET', path: '/account', statuses: alike(200) },
  'GET /workspaces': { method: 'GET', path: '/workspaces', statuses: alike(200) },
  'GET /members': { method: 'GET', path: '/members', statuses: alike(200) },
  'GET /catalogs': { method: 'GET', path: '/catalogs', statuses: alike(200) },
  'GET /system': { method: 'GET', path: '/system', statuses: alike(200) },
  'GET /w/*': { method: 'GET', path: '/w/team/servers', statuses: alike(200) },
  'GET /assets/*': { method: 'GET', path: '/assets/none.js', statuses: alike(404) },
  'GET /:file': { method: 'GET', path: '/none.svg', statuses: alike(404) },
  'GET /pages/style.css': { method: 'GET', path: '/pages/style.css', statuses: alike(200) },
  'GET /ws/:slug{[a-z0-9-]{1,40}}': { method: 'GET', path: '/ws/team', headers: HTML, statuses: alike(200) },
  'GET /ws/:slug{[a-z0-9-]{1,40}}/': {
    method: 'GET',
    path: '/ws/team/',
    headers: HTML,
    statuses: alike(200),
  },
  'GET /oauth/authorize': { method: 'GET', path: '/oauth/authorize', statuses: alike(400) },
  'POST /oauth/authorize': { method: 'POST', path: '/oauth/authorize', headers: FORM, statuses: alike(400) },
  'ALL /oauth/authorize': { method: 'PUT', path: '/oauth/authorize', statuses: alike(405) },
  'POST /oauth/token': { method: 'POST', path: '/oauth/token', headers: FORM, statuses: alike(400) },
  'ALL /oauth/token': { method: 'GET', path: '/oauth/token', statuses: alike(405) },
  'POST /oauth/register': {
    method: 'POST',
    path: '/oauth/register',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    statuses: alike(400),
  },
  'ALL /oauth/register': { method: 'GET', path: '/oauth/register', statuses: alike(405) },
  'POST /oauth/revoke': { method: 'POST', path: '/oauth/revoke', headers: FORM, statuses: alike(400) },
  'ALL /oauth/revoke': { method: 'GET', path: '/oauth/revoke', statuses: alike(405) },
  'GET /oauth/resource/ws/:slug{[a-z0-9-]{1,40}}': {
    method: 'GET',
    path: '/oauth/resource/ws/team',
    statuses: alike(200),
  },
  'ALL /oauth/resource/ws/:slug{[a-z0-9-]{1,40}}': {
    method: 'POST',
    path: '/oauth/resource/ws/team',
    statuses: alike(405),
  },
  'GET /.well-known/oauth-authorization-server/oauth': {
    method: 'GET',
    path: '/.well-known/oauth-authorization-server/oauth',
    statuses: alike(200),
  },
  'ALL /.well-known/oauth-authorization-server/oauth': {
    method: 'POST',
    path: '/.well-known/oauth-authorization-server/oauth',
    statuses: alike(405),
  },
  'GET /oauth/device': { method: 'GET', path: '/oauth/device', statuses: alike(200) },
  'POST /oauth/device': { method: 'POST', path: '/oauth/device', headers: FORM, statuses: alike(400) },
  'ALL /oauth/device': { method: 'DELETE', path: '/oauth/device', statuses: alike(405) },
  'POST /oauth/device/check': {
    method: 'POST',
    path: '/oauth/device/check',
    headers: FORM,
    statuses: alike(400),
  },
  'ALL /oauth/device/check': { method: 'GET', path: '/oauth/device/check', statuses: alike(405) },
  'POST /oauth/device/decide': {
    method: 'POST',
    path: '/oauth/device/decide',
    headers: FORM,
    statuses: alike(400),
  },
  'ALL /oauth/device/decide': { method: 'GET', path: '/oauth/device/decide', statuses: alike(405) },
  'GET /oauth/callback': { method: 'GET', path: '/oauth/callback', statuses: alike(404) },
  'ALL /oauth/callback': { method: 'POST', path: '/oauth/callback', statuses: alike(405) },
  'GET /oauth/callback/finish': { method: 'GET', path: '/oauth/callback/finish', statuses: alike(404) },
  'POST /oauth/callback/finish': {
    method: 'POST',
    path: '/oauth/callback/finish',
    headers: FORM,
    statuses: alike(404),
  },
  'ALL /oauth/callback/finish': { method: 'PUT', path: '/oauth/callback/finish', statuses: alike(405) },
  'GET /oauth/client.json': { method: 'GET', path: '/oauth/client.json', statuses: alike(404) },
  'ALL /oauth/client.json': { method: 'POST', path: '/oauth/client.json', statuses: alike(405) },
  'GET /invite/:code': { method: 'GET', path: '/invite/none', statuses: alike(404) },
  'ALL /invite/:code': { method: 'POST', path: '/invite/none', statuses: alike(405) },
}

/** Needs a token, and is no workspace's. */
const OWNERS: Record<string, Outside> = {
  'GET /metrics': { method: 'GET', path: '/metrics', statuses: [200, 403, 403, 403, 403, 401, 401] },
}

/** In front of the admin API: for whoever proves themselves by what they send, in words or as a cookie. */
const SIGNING_IN: Record<string, Outside> = {
  'signing in with nothing': {
    method: 'POST',
    path: `${BASE_PATH}/session`,
    headers: { 'content-type': 'application/json' },
    body: '{}',
    statuses: alike(400),
  },
  'signing in by a form': {
    method: 'POST',
    path: `${BASE_PATH}/session`,
    headers: FORM,
    statuses: alike(415),
  },
  'signing out': {
    method: 'DELETE',
    path: `${BASE_PATH}/session`,
    headers: { 'sec-fetch-site': 'same-origin' },
    statuses: alike(204),
  },
  'signing out from another page': { method: 'DELETE', path: `${BASE_PATH}/session`, statuses: alike(403) },
  'another method of it': { method: 'PUT', path: `${BASE_PATH}/session`, statuses: alike(405) },
  'whether an owner is missing': { method: 'GET', path: `${BASE_PATH}/setup`, statuses: alike(200) },
  'the set-up afterwards': {
    method: 'POST',
    path: `${BASE_PATH}/setup`,
    headers: { 'content-type': 'application/json' },
    body: '{}',
    statuses: alike(410),
  },
}

/** Only puts headers on what the others answer. */
const NO_ROUTES = ['ALL /oauth/*', 'ALL /invite/*']

/** What the front server hands out by itself, at the one URL of a workspace. */
const WORKSPACE: Record<string, Outside> = {
  'a message': {
    method: 'POST',
    path: '/ws/team',
    headers: MODERN_LIST,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: ENVELOPE } }),
    statuses: WITH_TOKEN(200),
  },
  'a stream without a session': {
    method: 'GET',
    path: '/ws/team',
    headers: EVENTS,
    statuses: WITH_TOKEN(400),
  },
  'the end of no session': { method: 'DELETE', path: '/ws/team', statuses: WITH_TOKEN(400) },
  'another method': { method: 'PUT', path: '/ws/team', statuses: WITH_TOKEN(405) },
  'a preflight': { method: 'OPTIONS', path: '/ws/team', statuses: WITH_TOKEN(405) },
  'a workspace that is none': {
    method: 'POST',
    path: '/ws/none',
    statuses: [404, 404, 404, 404, 404, 401, 401],
  },
  'functions of a model': { method: 'GET', path: '/ws/team/openai/tools', statuses: WITH_TOKEN(200) },
  'functions of a model, posted': {
    method: 'POST',
    path: '/ws/team/openai/tools',
    statuses: WITH_TOKEN(405),
  },
  'calls of a model': {
    method: 'POST',
    path: '/ws/team/openai/calls',
    headers: { 'content-type': 'application/json' },
    body: '{"tool_calls":[]}',
    statuses: WITH_TOKEN(200),
  },
  'calls of a model, asked for': { method: 'GET', path: '/ws/team/openai/calls', statuses: WITH_TOKEN(405) },
  'calls of a model in no workspace': {
    method: 'POST',
    path: '/ws/none/openai/calls',
    headers: { 'content-type': 'application/json' },
    body: '{"tool_calls":[]}',
    statuses: [404, 404, 404, 404, 404, 401, 401],
  },
}

let plane: ControlPlane
const authorizations = new Map<string, string | undefined>()

beforeAll(async () => {
  plane = await ControlPlane.start({ args: ['--trust-proxy', '127.0.0.1'] })
  await plane.workspace('team')
  await plane.workspace('other')
  authorizations.set('owner', `Bearer ${plane.ownerToken}`)
  for (const role of ['admin', 'developer', 'readonly'])
    authorizations.set(role, `Bearer ${await plane.token('team', { role })}`)
  authorizations.set('foreign admin', `Bearer ${await plane.token('other', { role: 'admin' })}`)
  authorizations.set('malformed', 'Bearer undefined')
})

afterAll(() => plane[Symbol.asyncDispose]())

let lastAddress = 0

/** From an address of its own, so that no limit on bad tokens is met. */
async function ask({ method, path, headers = {}, body }: Omit<Outside, 'statuses'>, caller: string) {
  const authorization = authorizations.get(caller)
  lastAddress += 1
  const response = await fetch(`${plane.url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      'x-forwarded-for': `203.0.${lastAddress >> 8}.${lastAddress & 255}`,
      ...headers,
      ...(authorization !== undefined && { authorization }),
    },
    ...(body !== undefined && { body }),
  })
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const text = isStream ? '' : await response.text()
  if (isStream) await response.body?.cancel()
  return { status: response.status, headers: response.headers, text }
}

describe('[T10] what is served beside the admin API', () => {
  it('is known, every route of it', async () => {
    const served = await withApp(({ routes }) =>
      routes.map(({ method, path }) => `${method} ${path}`).filter((route) => !route.includes(BASE_PATH)),
    )
    const known = [...NO_ROUTES, ...Object.keys({ ...OPEN, ...OWNERS })]
    expect([...new Set(served)].sort()).toEqual(known.sort())
  })

  it.each(Object.entries({ ...OPEN, ...OWNERS, ...SIGNING_IN, ...WORKSPACE }))(
    'is for those it says: %s',
    async (_name, outside) => {
      const statuses = []
      for (const caller of CALLERS) statuses.push((await ask(outside, caller)).status)
      expect(statuses).toEqual(outside.statuses)
    },
  )
})

/** Every address of the admin API, with parts that are not there. */
const ADMIN = ROUTES.map(({ method, path }) => ({
  method,
  path: `${BASE_PATH}${path.replace(':workspace', 'team').replaceAll(/:\w+/g, 'none')}`,
  ...(method !== 'GET' && { headers: { 'content-type': 'application/json' }, body: '{}' }),
})).filter(({ method, path }) => `${method} ${path}` !== `DELETE ${BASE_PATH}/workspaces/team`)

/** Refusals of every kind. */
const ERRORS: Omit<Outside, 'statuses'>[] = [
  { method: 'POST', path: '/' },
  { method: 'GET', path: '/nothing/here' },
  { method: 'GET', path: '/%' },
  { method: 'GET', path: `${BASE_PATH}/nothing` },
  { method: 'GET', path: `${BASE_PATH}/openapi.json` },
  { method: 'PUT', path: `${BASE_PATH}/whoami` },
  { method: 'POST', path: `${BASE_PATH}/workspaces`, headers: { 'content-type': 'text/plain' }, body: 'x' },
  {
    method: 'POST',
    path: `${BASE_PATH}/workspaces`,
    headers: { 'content-type': 'application/json' },
    body: '{',
  },
  { method: 'GET', path: '/healthz', headers: { origin: 'https://evil.example' } },
  { method: 'POST', path: '/ws/team', headers: { origin: 'https://evil.example' }, body: '{}' },
  { method: 'POST', path: '/ws/team', headers: { 'content-type': 'text/plain' }, body: '{}' },
  { method: 'POST', path: '/ws/team', headers: { 'content-type': 'application/json' }, body: '{' },
  {
    method: 'POST',
    path: '/ws/team',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(5_000_000),
  },
  { method: 'GET', path: '/ws/team', headers: NPM },
  { method: 'GET', path: '/ws/team', headers: EVENTS },
  { method: 'OPTIONS', path: '/ws/team' },
  { method: 'POST', path: '/oauth/device/check', headers: FORM, body: `user_code=${'x'.repeat(20_000)}` },
]

/** The same for everybody, so it may be kept and asked about. */
const KEPT = ['/pages/style.css']

const ALL = () => [
  ...Object.values(OPEN),
  ...Object.values(SIGNING_IN),
  ...Object.values(WORKSPACE),
  ...ADMIN,
  ...ERRORS,
]

describe('every answer, good or bad, of every route', () => {
  it('[W4] is not shown inside of another page', async () => {
    await sweep(
      (headers) => ({
        'x-frame-options': headers.get('x-frame-options'),
        framed: !headers.get('content-security-policy')?.includes("frame-ancestors 'none'"),
      }),
      { 'x-frame-options': 'DENY', framed: false },
    )
  })

  it('[W5] is kept nowhere, unless it is the same for everybody, and taken for nothing it is not', async () => {
    await sweep(
      (headers, { path, headers: sent }) => {
        const isForAll = KEPT.includes(path) || sent === NPM
        const cached = headers.get('cache-control') ?? ''
        return {
          kept: isForAll ? !/no-cache|no-store/.test(cached) : cached !== 'no-store',
          sniffed: headers.get('x-content-type-options') !== 'nosniff',
        }
      },
      { kept: false, sniffed: false },
    )
  })

  it('[W10] tells no version in a header and nothing of the program', async () => {
    const telling = ['server', 'x-powered-by', 'via', 'x-version', 'x-runtime', 'sourcemap']
    await sweep(
      (headers, _sent, text) => ({
        told: telling.filter((name) => headers.has(name)),
        trace: /\n\s+at .+:\d+|node:internal|node_modules|\/src\/\w+/.test(text),
        opened: [...headers.keys()].filter((name) => name.startsWith('access-control-')),
      }),
      { told: [], trace: false, opened: [] },
    )
  })

  it('[W4] [W5] is no less so when it is a stream or is empty', async () => {
    const client = await WireClient.open(`${plane.url}/ws/team`, plane.ownerToken)
    const session = { ...client.headers, 'content-type': 'application/json' }
    const said = (message: object) => JSON.stringify({ jsonrpc: '2.0', ...message })
    const answers = await Promise.all([
      ask({ method: 'GET', path: '/ws/team', headers: { ...session, ...EVENTS } }, 'owner'),
      ask(
        {
          method: 'POST',
          path: '/ws/team',
          headers: { ...session, ...EVENTS },
          body: said({ id: 1, method: 'ping' }),
        },
        'owner',
      ),
      ask(
        {
          method: 'POST',
          path: '/ws/team',
          headers: session,
          body: said({ method: 'notifications/initialized' }),
        },
        'owner',
      ),
      ask({ method: 'GET', path: `${BASE_PATH}/workspaces/team/audit/tail` }, 'owner'),
    ])
    const ended = await ask({ method: 'DELETE', path: '/ws/team', headers: session }, 'owner')
    expect([...answers, ended].map(({ status }) => status)).toEqual([200, 200, 202, 200, 200])
    for (const { headers } of [...answers, ended])
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      })
  })

  async function sweep<T>(
    look: (headers: Headers, sent: Omit<Outside, 'statuses'>, text: string) => T,
    expected: T,
  ): Promise<void> {
    const statuses = new Set<number>()
    for (const caller of ['owner', 'nobody'])
      for (const sent of ALL()) {
        const { status, headers, text } = await ask(sent, caller)
        statuses.add(status)
        expect([caller, sent.method, sent.path, look(headers, sent, text)]).toEqual([
          caller,
          sent.method,
          sent.path,
          expected,
        ])
      }
    for (const status of [200, 400, 401, 403, 404, 405, 413, 415]) expect(statuses).toContain(status)
  }
})

describe('[W10] paths that tell too much elsewhere', () => {
  const PATHS = [
    '/debug',
    '/debug/pprof',
    '/debug/vars',
    '/.env',
    '/.git/config',
    '/.git/HEAD',
    '/config.json',
    '/config',
    '/package.json',
    '/pnpm-lock.yaml',
    '/tsconfig.json',
    '/src/main.ts',
    '/dist/mcpgw-server.js',
    '/mcpgw-server.js',
    '/third-party-licenses.md',
    '/pages/style.css.map',
    '/main.js.map',
    '/pages/',
    '/pages/..%2f..%2fpackage.json',
    '/pages/%2e%2e/app.ts',
    '/server-status',
    '/actuator',
    '/actuator/env',
    '/actuator/heapdump',
    '/heapdump',
    '/trace',
    '/status',
    '/inspector',
    '/json/version',
    '/json/list',
    '/graphql',
    '/swagger.json',
    '/swagger-ui.html',
    '/api',
    '/api/v1',
    '/api/v1/debug',
    '/api/v2/whoami',
    '/admin',
    '/console',
    '/phpinfo.php',
    '/mcpgw.db',
    '/master.key',
    '/control.sock',
    '/.well-known/security',
    '/.DS_Store',
    '/backup',
    '/health/details',
    '/env',
    '/__inspect',
  ]

  it('are not there, also not for an owner', async () => {
    expect(PATHS.length).toBeGreaterThanOrEqual(40)
    for (const caller of ['owner', 'nobody'])
      for (const method of ['GET', 'HEAD', 'POST'])
        for (const path of PATHS) {
          const { status, text } = await ask({ method, path }, caller)
          expect([caller, method, path, status]).toEqual([caller, method, path, 404])
          expect(text).not.toMatch(/\n\s+at .+:\d+|node:internal|node_modules/)
        }
  })
})
