import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type GuardedServer, startGuarded } from '../dashboard/guarded-server.ts'
import { connect } from '../gateway/clients.ts'
import { type Canary, createHunt, plainCanary } from '../trust/canaries.ts'

const PRINTENV = join(import.meta.dirname, '../servers/printenv-stdio.ts')
const IMPORT = '/workspaces/eng/servers/import'

interface Item {
  ref: string
  path: string[]
  outcome: string
  name?: string
  secrets: string[]
  missing: string[]
  warnings: string[]
  reason?: string
  fix?: string
  preselected: boolean
  obsolete: boolean
}

interface Imported {
  format: string
  items: Item[]
  replacement: { path: string[]; text: string }
}

const byKey = { header: 'x-api-key', shows: (secret: string) => secret }

describe("the configurations of five clients, with eight servers and each one's secret in plain text", () => {
  const open = new AsyncDisposableStack()
  const guarded: Record<string, GuardedServer> = {}
  const answers: string[] = []
  const canaries: Canary[] = []
  let plane: ControlPlane
  let admin: string
  let developer: string
  let url: string

  const secrets = {
    notes: newSecret(),
    clock: newSecret(),
    tracker: newSecret(),
    docs: newSecret(),
    search: newSecret(),
    billing: newSecret(),
    local: newSecret(),
    localArgument: newSecret(),
    wiki: newSecret(),
    query: newSecret(),
  }

  function newSecret(): string {
    const canary = plainCanary()
    canaries.push(canary)
    return canary.value
  }

  const files = () => ({
    'Claude Desktop': JSON.stringify({
      globalShortcut: 'Alt+Space',
      mcpServers: {
        notes: {
          command: 'npx',
          args: [
            '-y',
            'mcp-remote',
            `${guarded.notes?.url}/mcp`,
            '--header',
            `Authorization:\${AUTH_HEADER}`,
            '--allow-http',
          ],
          env: { AUTH_HEADER: `Bearer ${secrets.notes}` },
        },
        'Clock (mine)': {
          command: 'node',
          args: [PRINTENV],
          env: { CLOCK_TOKEN: secrets.clock, ZONE: 'UTC' },
        },
        team: { command: 'npx', args: ['-y', '--prefer-offline', 'mcpgw@1', 'stdio', '--workspace', url] },
      },
    }),
    Cursor: JSON.stringify({
      mcpServers: {
        tracker: {
          url: `${guarded.tracker?.url}/mcp`,
          headers: { Authorization: `Bearer ${secrets.tracker}` },
        },
        leaky: { url: `https://mcp.example.com/mcp?api_key=${secrets.query}` },
      },
    }),
    'VS Code': `{
      // asked for once
      "inputs": [{ "type": "promptString", "id": "docs-key", "description": "Key", "password": true }],
      "servers": {
        "docs": { "type": "http", "url": "${guarded.docs?.url}/mcp", "headers": { "X-Api-Key": "\${input:docs-key}" } },
        "search": { "type": "http", "url": "${guarded.search?.url}/mcp", "headers": { "X-Api-Key": "${secrets.search}", }, },
      },
    }`,
    Codex: [
      'model = "gpt-5"',
      '[mcp_servers.billing]',
      `url = "${guarded.billing?.url}/mcp"`,
      `http_headers = { "X-Api-Key" = "${secrets.billing}" }`,
      '[mcp_servers.local]',
      'command = "node"',
      `args = [${JSON.stringify(PRINTENV)}, "--password", "${secrets.localArgument}"]`,
      '[mcp_servers.local.env]',
      `LOCAL_SECRET = "${secrets.local}"`,
    ].join('\n'),
    goose: [
      'extensions:',
      '  developer: { type: builtin, enabled: true }',
      '  wiki:',
      '    type: streamable_http',
      '    name: wiki',
      `    uri: ${guarded.wiki?.url}/mcp`,
      '    headers:',
      `      Authorization: Bearer ${secrets.wiki}`,
      '    enabled: true',
    ].join('\n'),
  })

  async function send(text: string, more: object = {}, token = plane.ownerToken): Promise<Imported> {
    const { status, body } = await plane.tryApi('POST', IMPORT, { text, ...more }, token)
    answers.push(JSON.stringify(body))
    expect([status, body]).toMatchObject([200, {}])
    // The program under test answered this; what is looked at is compared below.
    return body as unknown as Imported
  }

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    ;({ url, token: developer } = await plane.workspace('eng'))
    admin = await plane.token('eng', { role: 'admin' })
    for (const [name, guard] of Object.entries({
      notes: {},
      tracker: {},
      docs: byKey,
      search: byKey,
      billing: byKey,
      wiki: {},
    }))
      guarded[name] = open.use(await startGuarded(secrets[name as keyof typeof secrets], ['greet'], guard))
  })

  afterAll(() => open.disposeAsync())

  it('are looked at without anything being added', async () => {
    const { items } = await send(files().Cursor, { dryRun: true }, admin)
    expect(items.map(({ ref, outcome }) => [ref, outcome])).toEqual([
      ['tracker', 'offered'],
      ['leaky', 'refused'],
    ])
    expect(await plane.api('GET', '/workspaces/eng/servers')).toEqual({ items: [] })
  })

  it('are imported: all eight, and whatever else stands there is said', async () => {
    const outcomes: unknown[] = []
    for (const [client, text] of Object.entries(files())) {
      const { items } = await send(text, { dryRun: true })
      const wanted = items.filter(({ outcome }) => outcome === 'offered').map(({ ref }) => ref)
      const imported = await send(text, { choose: wanted })
      for (const { path, outcome, name, secrets: names, missing, obsolete } of imported.items)
        outcomes.push([client, path.join('.'), outcome, name, names, missing, obsolete])
    }
    expect(outcomes).toEqual([
      ['Claude Desktop', 'mcpServers.notes', 'added', 'notes', ['TOKEN'], [], true],
      ['Claude Desktop', 'mcpServers.Clock (mine)', 'added', 'clock-mine', ['CLOCK_TOKEN'], [], true],
      ['Claude Desktop', 'mcpServers.team', 'skipped', undefined, [], [], false],
      ['Cursor', 'mcpServers.tracker', 'added', 'tracker', ['TOKEN'], [], true],
      ['Cursor', 'mcpServers.leaky', 'refused', undefined, [], [], false],
      ['VS Code', 'servers.docs', 'added', 'docs', [], ['DOCS_KEY'], true],
      ['VS Code', 'servers.search', 'added', 'search', ['X_API_KEY'], [], true],
      ['Codex', 'mcp_servers.billing', 'added', 'billing', ['X_API_KEY'], [], true],
      ['Codex', 'mcp_servers.local', 'added', 'local', ['PASSWORD', 'LOCAL_SECRET'], [], true],
      ['goose', 'extensions.developer', 'refused', undefined, [], [], false],
      ['goose', 'extensions.wiki', 'added', 'wiki', ['TOKEN'], [], true],
    ])
  })

  it('work afterwards: a call to each goes through, with the secret that stood in the file', async () => {
    await plane.api('PUT', '/workspaces/eng/servers/docs/credential', { values: { DOCS_KEY: secrets.docs } })
    const { items } = await plane.api('GET', '/workspaces/eng/servers')
    // The answers of the program under test.
    for (const { name } of items as { name: string }[]) {
      const checked = await plane.api('POST', `/workspaces/eng/servers/${name}/check`)
      answers.push(JSON.stringify(checked))
      expect([name, checked.status]).toEqual([name, 'ready'])
    }
    await using client = await connect({ era: 'modern', way: 'directly', url, token: developer })
    for (const [name, server] of Object.entries(guarded)) {
      expect((await client.call(`${name}__greet`)).text).toBe('greet was called')
      expect(server.calledWith).toEqual([secrets[name as keyof typeof secrets]])
    }
    const clock = (await client.call('clock-mine__printenv')).text
    const local = (await client.call('local__printenv')).text
    answers.push(clock, local)
    // The server had it, and what it repeated was taken out on the way.
    expect(JSON.parse(clock).env).toMatchObject({ CLOCK_TOKEN: '[redacted:CLOCK_TOKEN]', ZONE: 'UTC' })
    expect(JSON.parse(local).env).toMatchObject({ LOCAL_SECRET: '[redacted:LOCAL_SECRET]' })
    expect(JSON.parse(local).args).toEqual(['--password', '[redacted:PASSWORD]'])
  })

  it('are not added twice when the same file is imported again', async () => {
    const { items } = await send(files().Cursor, {}, admin)
    expect(items[0]).toMatchObject({
      outcome: 'skipped',
      reason: 'It is the same as "tracker".',
      obsolete: true,
    })
  })

  it('leave no secret in any answer, in the log, in what the program says, or in its data folder', async () => {
    for (const path of ['/workspaces/eng/servers', '/workspaces/eng/audit?limit=200', '/audit?limit=200'])
      answers.push(JSON.stringify(await plane.api('GET', path)))
    answers.push(plane.stdout, plane.stderr)
    const copy = mkdtempSync(join(tmpdir(), 'mcpgw-import-'))
    open.defer(() => rmSync(copy, { recursive: true }))
    const database = new DatabaseSync(join(plane.dataDir, 'mcpgw.db'))
    database.exec(`VACUUM INTO '${join(copy, 'copy.db')}'`)
    database.close()
    const hunt = createHunt(canaries)
    const stored = [plane.dataDir, copy].flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    )
    expect(stored.some((path) => path.endsWith('mcpgw.db'))).toBe(true)
    expect(answers.length).toBeGreaterThan(25)
    expect([...answers, ...stored.map((path) => readFileSync(path))].flatMap((each) => hunt(each))).toEqual(
      [],
    )
    // What was looked for is what was sent.
    expect(hunt(files().Codex)).toHaveLength(6)
  })

  it('are, for an admin, what is reached by URL: programs are for owners to bring', async () => {
    const { items } = await send(files()['Claude Desktop'], { dryRun: true }, admin)
    expect(items[1]).toMatchObject({
      outcome: 'refused',
      reason: 'It starts a program that the catalog does not know.',
      fix: 'Ask an owner to import it.',
    })
  })
})
