import { describe, expect, it } from 'vitest'
import { openInstallation } from './installation.ts'

const SERVERS = '/workspaces/acme/servers'
const META = 'dev.mcpgw/catalog'
const PAGE = 'https://example.com/keys'

/** A server of the house's own catalog, with everything that somebody can be asked for. */
const TICKETS = {
  name: 'com.example/tickets',
  title: 'Tickets',
  description: 'Find and answer tickets',
  version: '1.0.0',
  remotes: [
    {
      type: 'streamable-http',
      url: 'https://{region}.example.com/mcp',
      variables: { region: { description: 'Where', isRequired: true, choices: ['eu', 'us'] } },
      headers: [
        { name: 'Authorization', value: 'Bearer {TOKEN}', isRequired: true, isSecret: true },
        { name: 'X-Team', isRequired: false },
      ],
    },
  ],
  packages: [
    {
      registryType: 'npm',
      identifier: '@example/tickets',
      version: '1.2.3',
      transport: { type: 'stdio' },
      environmentVariables: [{ name: 'TICKETS_KEY', isRequired: true, isSecret: true }],
    },
  ],
  _meta: {
    [META]: {
      id: 'tickets',
      vendor: 'Example',
      isOfficial: true,
      category: 'support',
      keywords: [],
      status: 'active',
      links: { homepage: 'https://example.com' },
      deployments: [
        { remote: 0, auth: 'header', values: { TOKEN: { getItAt: PAGE } } },
        { package: 0, auth: 'environment', label: 'local' },
      ],
      verified: [{ at: '2026-01-01', how: 'source' }],
      evidence: ['ours'],
    },
  },
}

/** A plain one, as the official registry has it. */
const NOTES = {
  name: 'com.example/Notes_MCP',
  description: 'Keep notes',
  version: '2.0.0',
  remotes: [{ type: 'streamable-http', url: 'https://mcp.example.com/notes' }],
}

async function openWithHouse(options: Parameters<typeof openInstallation>[0] = {}) {
  const gateway = await openInstallation(options)
  await gateway.ask('owner', 'PUT', '/catalogs/house', { title: 'House', entries: [TICKETS, NOTES] })
  return gateway
}

describe('a server from the catalog', () => {
  it('is added by its id, with the secret in the vault and the rest in its place', async () => {
    await using gateway = await openWithHouse()
    const added = await gateway.ask('admin', 'POST', SERVERS, {
      catalog: 'house.tickets',
      values: { region: 'eu', TOKEN: 'tok-1234567890', X_Team: '' },
      timeoutMs: 5000,
    })
    expect([added.status, added.body.detail]).toEqual([201, undefined])
    expect(added.body).toMatchObject({
      name: 'tickets',
      status: 'ready',
      url: 'https://eu.example.com/mcp',
      headers: { Authorization: 'Bearer {{TOKEN}}' },
      credential: { names: ['TOKEN'], version: 1 },
      catalog: { id: 'house.tickets', version: '1.0.0', deployment: 'remote:header' },
      timeoutMs: 5000,
    })
    expect(added.text).not.toContain('tok-1234567890')
    const again = await gateway.ask('admin', 'POST', SERVERS, {
      catalog: 'house.tickets',
      values: { region: 'us', TOKEN: 'tok-1234567890' },
    })
    expect(again.body.name).toBe('tickets-2')
  })

  it('is refused with the name of each value that is missing, and where to get it', async () => {
    await using gateway = await openWithHouse()
    const refused = await gateway.ask('admin', 'POST', SERVERS, { catalog: 'house.tickets', values: {} })
    expect(refused.status).toBe(400)
    expect(refused.body.detail).toContain('"region" is required.')
    expect(refused.body.detail).toContain('"TOKEN" is required.')
    expect(refused.body.fix).toContain(PAGE)
    expect((await gateway.ask('admin', 'GET', SERVERS)).body.items).toEqual([])
  })

  it('is added without its secret for somebody else who holds it, but not without the rest', async () => {
    await using gateway = await openWithHouse()
    const refused = await gateway.ask('admin', 'POST', SERVERS, { catalog: 'house.tickets' })
    expect(refused.status).toBe(400)
    const added = await gateway.ask('admin', 'POST', SERVERS, {
      catalog: 'house.tickets',
      deployment: 'local',
    })
    expect(added.body).toMatchObject({
      kind: 'hosted',
      status: 'needs_credential',
      env: { TICKETS_KEY: '{{TICKETS_KEY}}' },
      credential: { names: [], version: null },
    })
    await gateway.ask('admin', 'PUT', `${SERVERS}/tickets/credential`, {
      values: { TICKETS_KEY: 'tok-1234567890' },
    })
    expect((await gateway.ask('admin', 'GET', `${SERVERS}/tickets`)).body.status).toBe('ready')
  })

  it('is not there when its credential cannot be kept', async () => {
    await using gateway = await openWithHouse()
    const refused = await gateway.ask('admin', 'POST', SERVERS, {
      catalog: 'house.tickets',
      deployment: 1,
      values: { TICKETS_KEY: 'half a letter: \ud800' },
    })
    expect(refused.status).toBe(400)
    expect((await gateway.ask('admin', 'GET', SERVERS)).body.items).toEqual([])
  })

  it('is still connecting in the answer when meeting it takes long', async () => {
    await using gateway = await openWithHouse()
    gateway.inspector.healths.set('notes-mcp', { status: 'connecting', tools: 0 })
    gateway.inspector.hang = true
    const added = await gateway.ask('admin', 'POST', SERVERS, { catalog: 'house.notes-mcp' })
    expect(added.body).toMatchObject({ status: 'connecting', tools: 0 })
  }, 20_000)

  it('that reaches into the machine, or comes from a registry, is run for owners alone', async () => {
    await using gateway = await openWithHouse()
    const about = { ...TICKETS._meta[META], warning: 'It reads files.' }
    const reaching = { ...TICKETS, _meta: { [META]: about } }
    await gateway.ask('owner', 'PUT', '/catalogs/reaching', { entries: [reaching] })
    gateway.inspector.registry = async () => ({ servers: [{ server: { ...NOTES, ...PACKAGE } }] })
    await gateway.ask('owner', 'PUT', '/catalogs/far', { url: 'https://registry.example.com' })
    const adding = { deployment: 1, values: { TICKETS_KEY: 'tok-1234567890' } }
    for (const body of [
      { ...adding, catalog: 'reaching.tickets' },
      { catalog: 'far.notes-mcp', deployment: 1 },
    ]) {
      expect((await gateway.ask('admin', 'POST', SERVERS, body)).status).toBe(403)
      expect((await gateway.ask('owner', 'POST', SERVERS, body)).status).toBe(201)
    }
  })

  it('is not run where nothing is hosted: the remote way is taken', async () => {
    await using gateway = await openWithHouse({ hostingAllowed: false })
    const body = { catalog: 'house.tickets', values: { TICKETS_KEY: 'tok-1234567890' } }
    const refused = await gateway.ask('owner', 'POST', SERVERS, { ...body, deployment: 'local' })
    expect([refused.status, refused.body.code]).toEqual([501, 'unsupported'])
  })

  it('is found among those that are built in', async () => {
    await using gateway = await openInstallation()
    const added = await gateway.ask('admin', 'POST', SERVERS, { catalog: 'github' })
    expect(added.status).toBe(201)
    expect(added.body.catalog).toMatchObject({ id: 'github' })
    const none = await gateway.ask('admin', 'POST', SERVERS, { catalog: 'nothing-of-the-kind' })
    expect([none.status, typeof none.body.fix]).toEqual([404, 'string'])
  })

  it('is for owners where it opens files of the machine, and sees those it was pointed at', async () => {
    await using gateway = await openInstallation()
    const [tickets] = TICKETS.packages
    const environmentVariables = [{ name: 'KUBECONFIG', isRequired: true, format: 'filepath' }]
    const about = { ...TICKETS._meta[META], id: 'clusters', deployments: [{ package: 0, auth: 'none' }] }
    const clusters = {
      ...TICKETS,
      remotes: [],
      packages: [{ ...tickets, environmentVariables }],
      _meta: { [META]: about },
    }
    await gateway.ask('owner', 'PUT', '/catalogs/house', { entries: [clusters] })
    const addition = { catalog: 'house.clusters', values: { KUBECONFIG: '/srv/kube' } }
    expect((await gateway.ask('admin', 'POST', SERVERS, addition)).status).toBe(403)
    expect((await gateway.ask('owner', 'POST', SERVERS, addition)).status).toBe(201)
    const stored = await gateway.storage.servers.byName('w-acme', 'clusters')
    expect(stored?.target).toMatchObject({ env: { KUBECONFIG: '/srv/kube' }, opens: ['/srv/kube'] })
  })
})

const PACKAGE = {
  packages: [
    { registryType: 'npm', identifier: '@example/notes', version: '2.0.0', transport: { type: 'stdio' } },
  ],
}

describe('a server.json', () => {
  it('becomes a server: a remote one for admins, a package for owners', async () => {
    await using gateway = await openInstallation()
    const added = await gateway.ask('admin', 'POST', SERVERS, { serverJson: NOTES, values: {} })
    expect(added.body).toMatchObject({
      name: 'notes-mcp',
      url: 'https://mcp.example.com/notes',
      status: 'ready',
    })
    expect(added.body).not.toHaveProperty('catalog')
    const hosted = { serverJson: { ...NOTES, ...PACKAGE }, deployment: 1, name: 'local' }
    expect((await gateway.ask('admin', 'POST', SERVERS, hosted)).status).toBe(403)
    expect((await gateway.ask('owner', 'POST', SERVERS, hosted)).body).toMatchObject({ kind: 'hosted' })
  })

  it('is read beforehand, with what each way of it needs and who may have it', async () => {
    await using gateway = await openInstallation()
    const path = `${SERVERS}/server-json-preview`
    const read = async (who: 'admin' | 'owner', serverJson: unknown) =>
      (await gateway.ask(who, 'POST', path, { serverJson })).body
    const both = { ...NOTES, ...PACKAGE }
    expect(await read('owner', both)).toMatchObject({
      suggestedName: 'notes-mcp',
      version: NOTES.version,
      deployments: [
        { kind: 'remote', url: 'https://mcp.example.com/notes' },
        { kind: 'npm', package: '@example/notes', version: '2.0.0', needs: [] },
      ],
    })
    const [remote, program] = (await read('admin', both)).deployments
    expect([remote.obstacle, program.obstacle]).toEqual([undefined, expect.stringContaining('Ask an owner')])
    expect((await read('owner', { ...NOTES, remotes: [] })).code).toBe('unsupported')
    expect((await gateway.ask('owner', 'GET', SERVERS)).body.items).toEqual([])
  })

  it.each([
    ['an address that is ours alone', { remotes: [{ type: 'sse', url: 'http://169.254.169.254/x' }] }],
    [
      'a header that is ours to write',
      { remotes: [{ ...NOTES.remotes[0], headers: [{ name: 'Host', value: 'x' }] }] },
    ],
    [
      'a variable that loads code',
      {
        remotes: [],
        packages: [
          { ...PACKAGE.packages[0], environmentVariables: [{ name: 'NODE_OPTIONS', value: '--import=x' }] },
        ],
      },
    ],
    ['a range of versions', { packages: [{ ...PACKAGE.packages[0], version: '^1.0.0' }] }],
    ['nothing to reach', { remotes: [] }],
  ])('is refused with %s', async (_what, change) => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('owner', 'POST', SERVERS, { serverJson: { ...NOTES, ...change } })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.status).not.toBe(500)
    expect((await gateway.ask('owner', 'GET', SERVERS)).body.items).toEqual([])
  })
})

describe('a newer version in the catalog', () => {
  const NEWER = {
    ...TICKETS,
    packages: [
      {
        ...TICKETS.packages[0],
        version: '2.0.0',
        environmentVariables: [
          ...(TICKETS.packages[0]?.environmentVariables ?? []),
          { name: 'SITE', isRequired: true },
        ],
      },
    ],
  }

  it('is told of, shown, and taken over with the values it has; a new one is asked for', async () => {
    await using gateway = await openWithHouse()
    const values = { TICKETS_KEY: 'tok-1234567890' }
    await gateway.ask('admin', 'POST', SERVERS, { catalog: 'house.tickets', deployment: 1, values })
    gateway.time.now += 1000
    await gateway.ask('owner', 'PUT', '/catalogs/house', { entries: [NEWER] })
    const told = await gateway.ask('admin', 'GET', `${SERVERS}/tickets`)
    expect(told.body.update).toEqual({ from: '1.2.3', to: '2.0.0' })
    expect((await gateway.ask('developer', 'GET', `${SERVERS}/tickets`)).body).not.toHaveProperty('update')
    const shown = await gateway.ask('admin', 'GET', `${SERVERS}/tickets/update`)
    expect(shown.body).toMatchObject({ needs: [{ name: 'SITE', isSecret: false }], tools: null })
    expect(shown.body.reason.message).toContain('SITE')
    expect((await gateway.ask('admin', 'POST', `${SERVERS}/tickets/update`)).status).toBe(400)
    const updated = await gateway.ask('admin', 'POST', `${SERVERS}/tickets/update`, {
      values: { SITE: 'acme' },
    })
    expect(updated.body).toMatchObject({
      status: 'ready',
      env: { TICKETS_KEY: '{{TICKETS_KEY}}', SITE: 'acme' },
      catalog: { version: '2.0.0' },
      credential: { names: ['TICKETS_KEY'], version: 2 },
    })
    expect(updated.body).not.toHaveProperty('update')
    const server = await gateway.storage.servers.byName('w-acme', 'tickets')
    if (server === undefined) throw new Error('It is gone.')
    expect((await gateway.vault.credentialFor(server))?.values.get('TICKETS_KEY')).toBe('tok-1234567890')
  })
})

describe('catalogs of one’s own', () => {
  it('are there beside the built-in one, with where each entry is from', async () => {
    await using gateway = await openWithHouse()
    const { body } = await gateway.ask('owner', 'GET', '/catalogs')
    expect(body.items).toMatchObject([
      { name: 'built-in', kind: 'built-in', isOn: true },
      { name: 'house', title: 'House', kind: 'given', size: 2, readAt: expect.any(String) },
    ])
    const found = await gateway.ask('developer', 'GET', '/catalog?query=answer+tickets')
    expect(found.body.items).toContainEqual(expect.objectContaining({ id: 'house.tickets', source: 'house' }))
    const shown = await gateway.ask('developer', 'GET', '/catalog/house.notes-mcp')
    expect(shown.body).toMatchObject({ title: 'Notes_MCP', category: 'other', isOfficial: false })
    await gateway.ask('owner', 'DELETE', '/catalogs/house')
    expect((await gateway.ask('owner', 'GET', '/catalog/house.notes-mcp')).status).toBe(404)
  })

  it('are refused as a whole with what is wrong with each entry', async () => {
    await using gateway = await openInstallation()
    const entries = [NOTES, { ...NOTES, version: 'latest' }, 7]
    const refused = await gateway.ask('owner', 'PUT', '/catalogs/house', { entries })
    expect(refused.status).toBe(400)
    expect(refused.body.detail).toContain(
      'Entry 2 (com.example/Notes_MCP): "version" must be an exact version',
    )
    expect(refused.body.detail).toContain('Entry 3: It is not a JSON object.')
    expect((await gateway.ask('owner', 'PUT', '/catalogs/built-in', { entries: [] })).status).toBe(400)
  })

  it('keep what they had when their registry fails, and say since when and why', async () => {
    await using gateway = await openInstallation()
    const pages = [
      {
        servers: [
          { server: NOTES, _meta: official('active', true) },
          { server: { ...NOTES, version: '1.0.0' }, _meta: official('active', false) },
        ],
        metadata: { nextCursor: 'more' },
      },
      {
        servers: [{ server: { ...NOTES, name: 'x' } }, { server: TICKETS, _meta: official('deleted', true) }],
      },
    ]
    gateway.inspector.registry = async (url) => pages[url.searchParams.get('cursor') === 'more' ? 1 : 0]
    const put = await gateway.ask('owner', 'PUT', '/catalogs/far', { url: 'https://registry.example.com/' })
    expect(put.body).toMatchObject({
      kind: 'registry',
      size: 1,
      leftOut: 1,
      readAt: '2026-01-31T12:00:00.000Z',
    })
    gateway.inspector.registry = async () => ({ nothing: 'here' })
    gateway.time.now += 1000
    const failed = await gateway.ask('owner', 'POST', '/catalogs/far/refresh')
    expect(failed.body).toMatchObject({
      size: 1,
      readAt: '2026-01-31T12:00:00.000Z',
      problem: {
        at: '2026-01-31T12:00:01.000Z',
        message: 'What answers at https://registry.example.com/v0.1/servers is no list of servers.',
      },
    })
    expect((await gateway.ask('admin', 'GET', '/catalog/far.notes-mcp')).status).toBe(200)
  })

  it('are fetched again when an hour has passed and somebody looks', async () => {
    await using gateway = await openInstallation()
    let asked = 0
    gateway.inspector.registry = async () => {
      asked += 1
      return { servers: [] }
    }
    await gateway.ask('owner', 'PUT', '/catalogs/far', { url: 'https://registry.example.com' })
    gateway.time.now += 3_599_000
    await gateway.ask('admin', 'GET', '/catalog?limit=1')
    expect(asked).toBe(1)
    gateway.time.now += 1000
    await gateway.ask('admin', 'GET', '/catalog?limit=1')
    await expect.poll(() => asked).toBe(2)
  })

  it('give up on a registry that has no end', async () => {
    await using gateway = await openInstallation()
    let page = 0
    gateway.inspector.registry = async () => {
      page += 1
      return { servers: [], metadata: { nextCursor: `${page}` } }
    }
    const put = await gateway.ask('owner', 'PUT', '/catalogs/far', { url: 'https://registry.example.com' })
    expect(put.body.problem.message).toContain('more than')
    expect(page).toBe(100)
  })
})

describe('the rules of what may be added', () => {
  const SEEN = async (gateway: Awaited<ReturnType<typeof openInstallation>>, caller: 'owner' | 'admin') => {
    const { body } = await gateway.ask(caller, 'GET', '/catalog?limit=500')
    return new Map<string, { denied?: string }>(body.items.map((item: { id: string }) => [item.id, item]))
  }

  it('hide what they deny from those who cannot change them, and refuse it to all', async () => {
    await using gateway = await openWithHouse()
    await gateway.ask('owner', 'PUT', '/catalog-rules', {
      builtIn: true,
      deny: [{ id: 'git*' }, { source: 'house', official: true }],
    })
    const seen = await SEEN(gateway, 'admin')
    expect(seen.has('github')).toBe(false)
    expect(seen.has('house.tickets')).toBe(false)
    expect(seen.has('house.notes-mcp')).toBe(true)
    expect((await SEEN(gateway, 'owner')).get('github')?.denied).toBe('The deny list has: id git*.')
    expect((await gateway.ask('admin', 'POST', SERVERS, { catalog: 'github' })).status).toBe(404)
    const refused = await gateway.ask('owner', 'POST', SERVERS, { catalog: 'github' })
    expect([refused.status, refused.body.detail]).toEqual([
      501,
      'It may not be added here. The deny list has: id git*.',
    ])
  })

  it('let in only what the allow list names, and nothing when it is empty', async () => {
    await using gateway = await openWithHouse()
    await gateway.ask('owner', 'PUT', '/catalog-rules', { builtIn: true, allow: [{ source: 'house' }] })
    expect([...(await SEEN(gateway, 'admin')).keys()].sort()).toEqual(['house.notes-mcp', 'house.tickets'])
    await gateway.ask('owner', 'PUT', '/catalog-rules', { builtIn: true, allow: [] })
    expect((await SEEN(gateway, 'admin')).size).toBe(0)
  })

  it('switch the built-in catalog off', async () => {
    await using gateway = await openWithHouse()
    await gateway.ask('owner', 'PUT', '/catalog-rules', { builtIn: false })
    expect((await SEEN(gateway, 'owner')).size).toBe(2)
    expect((await gateway.ask('owner', 'GET', '/catalogs')).body.items[0].isOn).toBe(false)
  })

  it('leave of an entry the ways that they allow', async () => {
    await using gateway = await openWithHouse()
    await gateway.ask('owner', 'PUT', '/catalog-rules', { builtIn: true, deny: [{ transport: 'npm' }] })
    const kinds = (entry: { deployments: { kind: string }[] }) => entry.deployments.map(({ kind }) => kind)
    expect(kinds((await gateway.ask('admin', 'GET', '/catalog/house.tickets')).body)).toEqual(['remote'])
    const all = await gateway.ask('owner', 'GET', '/catalog/house.tickets')
    expect(kinds(all.body)).toEqual(['remote', 'npm'])
    expect(all.body.deployments[1].obstacle).toContain('transport npm')
  })

  it('refuse a rule that says nothing: it would be for everything', async () => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('owner', 'PUT', '/catalog-rules', { builtIn: true, deny: [{}] })
    expect(refused.status).toBe(400)
  })
})

function official(status: string, isLatest: boolean) {
  return { 'io.modelcontextprotocol.registry/official': { status, isLatest } }
}
