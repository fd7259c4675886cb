import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BASE_PATH, DESCRIPTION_PATH, ROUTES } from '../../src/http/admin/routes.ts'
import { malformedAuthorizations } from '../access/malformed-authorization.ts'
import { type Caller, type Installation, openInstallation } from './installation.ts'

const CALLERS = [
  'owner',
  'admin',
  'developer',
  'readonly',
  'foreignAdmin',
  'foreignDeveloper',
  'foreignReadonly',
  'nobody',
] as const satisfies Caller[]

/** Statuses in the order of CALLERS: written down here by hand, so that a slip in the roles' own table shows. */
const FOREIGN = (status: number) => [status, status, status]
const ALL = (done: number) => [done, done, done, done, ...FOREIGN(404), 401]
const DEVELOPERS = (done: number) => [done, done, done, 403, ...FOREIGN(404), 401]
const ADMINS = (done: number) => [done, done, 403, 403, ...FOREIGN(404), 401]
const OWNERS = (done: number) => [done, 403, 403, 403, ...FOREIGN(404), 401]
const OWNERS_OUTSIDE = (done: number) => [done, 403, 403, 403, ...FOREIGN(403), 401]
const ANYONE = (done: number) => [done, done, done, done, ...FOREIGN(done), 401]

const EXPECTED: Record<string, number[]> = {
  'GET /whoami': ANYONE(200),
  'POST /workspaces': OWNERS_OUTSIDE(201),
  'GET /workspaces': ANYONE(200),
  'GET /workspaces/:workspace': ALL(200),
  'PATCH /workspaces/:workspace': ADMINS(200),
  'DELETE /workspaces/:workspace': OWNERS(204),
  'POST /workspaces/:workspace/servers': ADMINS(201),
  'GET /workspaces/:workspace/servers': DEVELOPERS(200),
  'POST /workspaces/:workspace/servers/import': ADMINS(200),
  'GET /workspaces/:workspace/servers/:server': DEVELOPERS(200),
  'PATCH /workspaces/:workspace/servers/:server': ADMINS(200),
  'DELETE /workspaces/:workspace/servers/:server': ADMINS(204),
  'POST /workspaces/:workspace/servers/:server/check': ADMINS(200),
  'GET /workspaces/:workspace/servers/:server/update': ADMINS(200),
  'POST /workspaces/:workspace/servers/:server/update': ADMINS(200),
  'POST /workspaces/:workspace/servers/openapi-preview': ADMINS(200),
  'POST /workspaces/:workspace/servers/server-json-preview': ADMINS(200),
  // The one server there is has a credential instead.
  'POST /workspaces/:workspace/servers/:server/login': ADMINS(400),
  'GET /workspaces/:workspace/servers/:server/pins': DEVELOPERS(200),
  'POST /workspaces/:workspace/servers/:server/pins/approve': ADMINS(200),
  'PUT /workspaces/:workspace/servers/:server/credential': ADMINS(200),
  'GET /workspaces/:workspace/servers/:server/credential': DEVELOPERS(200),
  'DELETE /workspaces/:workspace/servers/:server/credential': ADMINS(204),
  'GET /workspaces/:workspace/servers/:server/tools': ADMINS(200),
  'GET /workspaces/:workspace/tools': ALL(200),
  'POST /workspaces/:workspace/calls': ALL(200),
  'GET /workspaces/:workspace/clients': DEVELOPERS(200),
  'GET /workspaces/:workspace/members': ADMINS(200),
  'POST /workspaces/:workspace/members/revoke': ADMINS(200),
  'GET /members': OWNERS_OUTSIDE(200),
  'POST /members/revoke': OWNERS_OUTSIDE(200),
  'GET /catalog': [200, 200, 200, 403, 200, 200, 403, 401],
  'GET /catalog/:entry': [200, 200, 200, 403, 200, 200, 403, 401],
  'GET /catalogs': OWNERS_OUTSIDE(200),
  'GET /catalogs/:catalog': OWNERS_OUTSIDE(200),
  'PUT /catalogs/:catalog': OWNERS_OUTSIDE(200),
  'DELETE /catalogs/:catalog': OWNERS_OUTSIDE(204),
  'POST /catalogs/:catalog/refresh': OWNERS_OUTSIDE(200),
  'GET /catalog-rules': OWNERS_OUTSIDE(200),
  'PUT /catalog-rules': OWNERS_OUTSIDE(200),
  'GET /system': OWNERS_OUTSIDE(200),
  'POST /workspaces/:workspace/tokens': ADMINS(201),
  'GET /workspaces/:workspace/tokens': ADMINS(200),
  'POST /workspaces/:workspace/tokens/:token/rotate': ADMINS(201),
  'DELETE /workspaces/:workspace/tokens/:token': ADMINS(204),
  'POST /workspaces/:workspace/invites': ADMINS(201),
  'GET /workspaces/:workspace/invites': ADMINS(200),
  'DELETE /workspaces/:workspace/invites/:invite': ADMINS(204),
  'POST /tokens': OWNERS_OUTSIDE(201),
  'GET /tokens': OWNERS_OUTSIDE(200),
  'POST /tokens/:token/rotate': OWNERS_OUTSIDE(201),
  'DELETE /tokens/:token': OWNERS_OUTSIDE(204),
  'GET /workspaces/:workspace/audit': DEVELOPERS(200),
  'GET /workspaces/:workspace/audit/tail': DEVELOPERS(200),
  'GET /workspaces/:workspace/audit/verify': ADMINS(200),
  'GET /workspaces/:workspace/audit/export': ADMINS(200),
  'POST /workspaces/:workspace/audit/verify': ADMINS(200),
  'GET /workspaces/:workspace/audit/checkpoint': ADMINS(200),
  'GET /workspaces/:workspace/audit/:seq': DEVELOPERS(200),
  'GET /workspaces/:workspace/stats': DEVELOPERS(200),
  'GET /master-key': OWNERS_OUTSIDE(200),
  'POST /master-key/rotate': OWNERS_OUTSIDE(200),
  'GET /audit': OWNERS_OUTSIDE(200),
  'GET /audit/verify': OWNERS_OUTSIDE(200),
  'POST /audit/verify': OWNERS_OUTSIDE(200),
  'GET /audit/checkpoint': OWNERS_OUTSIDE(200),
  'GET /audit/checkpoint-key': [200, 200, 403, 403, 200, 403, 403, 401],
}

/** What every server was added from, when it was still at another address. */
const NOTES = {
  name: 'com.example/notes',
  description: 'Keep notes',
  version: '2.0.0',
  remotes: [{ type: 'streamable-http', url: 'https://mcp.example.com/v2' }],
}

/** A definition that waits for approval at every server. */
const WAITING = { tool: 'rm', hash: 'h'.repeat(43) }

describe('[T10] who may do what', () => {
  let installation: Installation
  let sequence = 0

  beforeAll(async () => {
    installation = await openInstallation()
    await installation.ask('owner', 'PUT', '/catalogs/house', { entries: [NOTES] })
  })
  afterAll(() => installation[Symbol.asyncDispose]())

  for (const route of ROUTES) {
    const key = `${route.method} ${route.path}`
    it(`${key} is for those it says`, async () => {
      expect(EXPECTED).toHaveProperty([key])
      const statuses: number[] = []
      for (const caller of CALLERS) statuses.push(await statusFor(caller, route.method, route.path))
      expect(statuses).toEqual(EXPECTED[key])
    })
  }

  it('[T3] is nobody who presents a token in a malformed way, at any route', async () => {
    const values = malformedAuthorizations(installation.secrets.owner).flatMap(({ lines }) => {
      const value = /^Authorization: (.*)$/.exec(lines.length === 1 ? (lines[0] ?? '') : '')?.[1]
      return value === undefined || value.length > 10_000 || value.includes('\0') ? [] : [value]
    })
    expect(values.length).toBeGreaterThan(35)
    for (const { method, path } of ROUTES)
      for (const authorization of values) {
        const { status } = await installation.fetchAs('nobody', fill(path, {}), {
          method,
          headers: { authorization },
        })
        expect([method, path, authorization, status]).toEqual([method, path, authorization, 401])
      }
  })

  it('promises nothing about routes that are not there', () => {
    const served = ROUTES.map((route) => `${route.method} ${route.path}`)
    expect(Object.keys(EXPECTED).toSorted()).toEqual(served.toSorted())
  })

  it('has no route beside the table but its own description', () => {
    const known = new Set([...ROUTES.map((route) => BASE_PATH + route.path), BASE_PATH + DESCRIPTION_PATH])
    const served = installation.app.routes
      .map((route) => route.path)
      .filter((path) => path !== `${BASE_PATH}/*`)
    expect(served.filter((path) => !known.has(path))).toEqual([])
  })

  it('[T11] [U4] answers alike for a workspace of others and for one that does not exist, and leaves no trace there', async () => {
    const before = await installation.storage.audit.head('w-other')
    for (const { method, path } of ROUTES.filter((route) => route.path.includes(':workspace'))) {
      const [foreign, unknown] = await Promise.all(
        ['other', 'nowhere'].map((slug) =>
          installation.ask('admin', method, fill(path, { slug }), bodyFor(method, path)),
        ),
      )
      expect(foreign?.status).toBe(404)
      expect(foreign?.text).toBe(unknown?.text)
    }
    expect(await installation.storage.audit.head('w-other')).toEqual(before)
  })

  it("[T11] answers alike for another workspace's server, token and invite, and for those that do not exist", async () => {
    await addServer('w-other', 'elsewhere')
    await addInvite('w-other', 'i-eve')
    const theirs = { slug: 'acme', server: 'elsewhere', token: 't-eve', invite: 'i-eve' }
    const unknown = { slug: 'acme', server: 'no-such-x', token: 't-xyz', invite: 'i-xyz' }
    const swapped = [
      ['elsewhere', 'no-such-x'],
      ['t-eve', 't-xyz'],
      ['i-eve', 'i-xyz'],
    ] as const
    const ofOneWorkspace = /:server|:workspace.*:(?:token|invite)/
    for (const { method, path } of ROUTES.filter((route) => ofOneWorkspace.test(route.path))) {
      const [foreign, none] = await Promise.all(
        [theirs, unknown].map((target) =>
          installation.ask('admin', method, fill(path, target), bodyFor(method, path)),
        ),
      )
      expect([method, path, foreign?.status]).toEqual([method, path, 404])
      const text = swapped.reduce((said, [their, not]) => said.replaceAll(their, not), foreign?.text ?? '')
      expect(text).toBe(none?.text)
      expect(foreign?.text.length).toBe(none?.text.length)
    }
    expect((await installation.storage.tokens.byId('t-eve'))?.revokedAt).toBeUndefined()
    expect(await installation.storage.invites.byHash('i-eve')).toBeDefined()
  })

  it('[T11] shows nothing of another workspace to who continues its list, or filters by what is in it', async () => {
    for (const index of [1, 2, 3]) {
      await addServer('w-other', `their-${index}`)
      await addInvite('w-other', `their-invite-${index}`)
      // A refusal is a row too.
      await installation.ask('foreignAdmin', 'DELETE', `/workspaces/other/servers/no-${index}`)
    }
    for (const list of ['servers', 'tokens', 'invites', 'audit']) {
      const first = await installation.ask('foreignAdmin', 'GET', `/workspaces/other/${list}?limit=1`)
      expect([list, typeof first.body.nextCursor]).toEqual([list, 'string'])
      const cursor = encodeURIComponent(first.body.nextCursor)
      const { status, text } = await installation.ask(
        'admin',
        'GET',
        `/workspaces/acme/${list}?limit=100&cursor=${cursor}`,
      )
      expect([200, 400]).toContain(status)
      expect(text).not.toMatch(/their-|"eve"|t-eve|fay|fred/)
    }
    for (const filter of ['server=their-1', 'token=t-eve', 'member=eve', 'tool=no-1']) {
      const { status, body } = await installation.ask('admin', 'GET', `/workspaces/acme/audit?${filter}`)
      expect([filter, status, body]).toEqual([filter, 200, { items: [] }])
    }
  })

  it('[T12] takes no field that it does not know, at any route that takes fields', async () => {
    const unwanted = {
      id: 'mine',
      workspaceId: 'w-other',
      workspace: 'other',
      createdBy: 'eve',
      createdAt: 0,
      parentId: 't-olga',
      hash: 'x'.repeat(43),
      lastUsedAt: 0,
      revokedAt: null,
      isOwner: true,
      version: 99,
      constructor: { prototype: { polluted: true } },
      prototype: { polluted: true },
    }
    const writing = ROUTES.filter(({ method }) => method !== 'GET')
    for (const { method, path } of writing) {
      const body = bodyFor(method, path) as object
      const target = { slug: 'acme', server: 'elsewhere', token: 't-dev' }
      for (const [field, value] of Object.entries(unwanted).filter(([name]) => !(name in body))) {
        const { status, text } = await installation.ask('owner', method, fill(path, target), {
          ...body,
          [field]: value,
        })
        expect([method, path, field, status]).toEqual([method, path, field, 400])
        expect(text).toContain(`Unknown field`)
      }
    }
    expect(await installation.storage.workspaces.bySlug('acme')).toBeDefined()
    expect((await installation.ask('developer', 'GET', '/whoami')).status).toBe(200)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('[T12] takes no prototype, at any depth, and no role beyond the workspace', async () => {
    const post = (path: string, body: string) =>
      installation.fetchAs('admin', path, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
    const token = '"name":"x","member":"mia"'
    const bodies = [
      [`{${token},"role":"owner"}`, 'tokens'],
      [`{${token},"role":["admin"]}`, 'tokens'],
      [`{${token},"role":"developer","__proto__":{"role":"owner"}}`, 'tokens'],
      [`{${token},"role":"developer","rules":{"__proto__":{"readOnlyTools":false}}}`, 'tokens'],
      [`{${token},"role":"developer","rules":{"tools":{"constructor":{}}}}`, 'tokens'],
      ['{"member":"mia","role":"owner"}', 'invites'],
      ['{"name":"x","url":"https://mcp.example.com","headers":{"__proto__":"x"}}', 'servers'],
      ['{"name":"x","url":"https://mcp.example.com","workspaceId":"w-other"}', 'servers'],
    ] as const
    for (const [body, noun] of bodies) {
      const response = await post(`/workspaces/acme/${noun}`, body)
      expect([body, response.status]).toEqual([body, 400])
    }
    expect(Object.prototype).not.toHaveProperty('role')
  })

  /** Asks for something of its own each time, so that no caller meets what another one removed. */
  async function statusFor(caller: Caller, method: string, path: string): Promise<number> {
    sequence += 1
    const target = {
      slug: 'acme',
      server: `s-${sequence}`,
      token: `t-${sequence}`,
      invite: `i-${sequence}`,
      catalog: `c-${sequence}`,
      seq: '',
    }
    if (method === 'DELETE' && path === '/workspaces/:workspace' && caller === 'owner')
      target.slug = 'short-lived'
    await prepare(target, path)
    const response = await installation.fetchAs(caller, fill(path, target), {
      method,
      ...(method === 'GET'
        ? {}
        : { body: JSON.stringify(bodyFor(method, path)), headers: { 'content-type': 'application/json' } }),
    })
    await response.body?.cancel()
    return response.status
  }

  async function prepare(
    target: { slug: string; server: string; token: string; invite: string; catalog: string; seq: string },
    path: string,
  ): Promise<void> {
    const { storage, time } = installation
    if (target.slug === 'short-lived') {
      await storage.workspaces.create({
        id: 'w-short',
        slug: 'short-lived',
        name: 'Short',
        createdAt: time.now,
      })
    }
    if (path.includes(':server')) await addServer('w-acme', target.server)
    if (path.includes(':catalog')) await addCatalog(target.catalog)
    if (path.includes(':invite')) await addInvite('w-acme', target.invite)
    if (path.includes(':seq')) target.seq = String(await addRow('w-acme', 'dev'))
    if (!path.includes(':token')) return
    const owned = path.startsWith('/tokens')
    await storage.tokens.create({
      id: target.token,
      name: target.token,
      member: 'mia',
      role: owned ? 'owner' : 'developer',
      rules: {},
      hash: target.token,
      createdAt: time.now,
      ...(owned ? {} : { workspaceId: 'w-acme' }),
    })
  }

  async function addRow(workspaceId: string, member: string): Promise<number> {
    await installation.manage.recorder.record({
      kind: 'call',
      time: 0,
      workspaceId,
      tokenId: 't',
      member,
      role: 'developer',
      method: 'tools/call',
      outcome: 'ok',
      latencyMs: 0,
      bytesIn: 0,
      bytesOut: 0,
      requestId: 'r',
    })
    return (await installation.storage.audit.head(workspaceId)).seq
  }

  async function addCatalog(name: string): Promise<void> {
    const about = { title: name, leftOut: 0, size: 0, createdAt: 0, updatedAt: 0 }
    await installation.storage.catalogs.put({ name, ...about })
  }

  async function addInvite(workspaceId: string, id: string): Promise<void> {
    const wanted = { member: 'mia', role: 'developer' as const, rules: {} }
    await installation.storage.invites.create({
      id,
      hash: id,
      workspaceId,
      ...wanted,
      createdAt: 0,
      expiresAt: 1,
    })
  }

  async function addServer(workspaceId: string, name: string): Promise<void> {
    const id = `${workspaceId}/${name}`
    await installation.storage.servers.create({
      id,
      workspaceId,
      name,
      target: { kind: 'remote', url: 'https://mcp.example.com/mcp', transport: 'auto', headers: {} },
      origin: {
        entry: 'house.notes',
        deployment: 'remote:none',
        version: '1.0.0',
        address: 'https://mcp.example.com/mcp',
        values: {},
      },
      enabled: true,
      prefix: 'always',
      tools: {},
      isolation: 'shared',
      timeoutMs: 55_000,
      createdAt: 0,
      updatedAt: 0,
    })
    await installation.storage.pins.replaceChanges(id, '', [{ ...WAITING, definition: '{}' }], 0)
  }

  function bodyFor(method: string, path: string): unknown {
    if (method === 'GET') return undefined
    if (path.endsWith('/credential') && method === 'PUT') return { values: { TOKEN: 'a-long-enough-secret' } }
    if (path === '/catalog-rules') return { builtIn: true }
    if (method === 'PUT') return { entries: [NOTES] }
    if (method === 'PATCH') return path.endsWith(':server') ? { enabled: true } : { name: 'Acme' }
    if (path.endsWith('/verify')) return { checkpoints: [] }
    if (method !== 'POST' || /(?:check|rotate|login|refresh|update)$/.test(path)) return {}
    sequence += 1
    if (path === '/workspaces') return { slug: `new-${sequence}`, name: 'New' }
    if (path.endsWith('/pins/approve')) return WAITING
    if (path.endsWith('/servers/import'))
      return { text: '{"mcpServers":{"notes":{"url":"https://mcp.example.com/mcp"}}}', dryRun: true }
    if (path.endsWith('/openapi-preview')) return { openapi: 'openapi: 3.1.0\npaths: {}' }
    if (path.endsWith('/server-json-preview')) return { serverJson: NOTES }
    if (path.endsWith('/servers')) return { name: `new-${sequence}`, url: 'https://mcp.example.com/mcp' }
    if (path.endsWith('/calls')) return { name: 'notes__read' }
    if (path.endsWith('/members/revoke')) return { member: 'nobody we know' }
    if (path.endsWith('/invites')) return { member: 'mia', role: 'developer' }
    const token = { name: 'laptop', member: 'mia' }
    return path === '/tokens' ? token : { ...token, role: 'developer' }
  }

  function fill(
    path: string,
    { slug = 'acme', server = 'notes', token = 'none', invite = 'none', catalog = 'none', seq = '1' },
  ): string {
    return path
      .replace(':workspace', slug)
      .replace(':server', server)
      .replace(':token', token)
      .replace(':invite', invite)
      .replace(':entry', 'github')
      .replace(':catalog', catalog)
      .replace(':seq', seq)
  }
})
