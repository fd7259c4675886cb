import { describe, expect, it } from 'vitest'
import { openInstallation } from './installation.ts'

const SERVERS = '/workspaces/acme/servers'
const NOTES = { name: 'notes', url: 'https://mcp.example.com/mcp' }

describe('servers', () => {
  it('are added by URL with sensible settings', async () => {
    await using gateway = await openInstallation()
    const added = await gateway.ask('admin', 'POST', SERVERS, NOTES)
    expect(added.status).toBe(201)
    expect(added.body).toEqual({
      name: 'notes',
      kind: 'remote',
      enabled: true,
      status: 'ready',
      tools: 2,
      era: 'legacy',
      url: 'https://mcp.example.com/mcp',
      transport: 'auto',
      headers: {},
      prefix: 'always',
      isolation: 'shared',
      timeoutMs: 55_000,
      toolRules: {},
      pin: 'warn',
      pinSetBy: 'default',
      changedTools: 0,
      heldBack: 0,
      credential: { names: [], version: null, updatedAt: null },
    })
  })

  it('say which value their credential lacks, and are ready once it is set', async () => {
    await using gateway = await openInstallation()
    const headers = { Authorization: 'Bearer {{TOKEN}}' }
    const added = await gateway.ask('admin', 'POST', SERVERS, { ...NOTES, headers })
    expect(added.body).toMatchObject({
      status: 'needs_credential',
      error: {
        code: 'needs_credential',
        message: 'The credential has no value for TOKEN.',
        fix: "Set TOKEN in this server's credential.",
      },
    })
    await gateway.ask('admin', 'PUT', `${SERVERS}/notes/credential`, { values: { TOKEN: 'tok-1234567890' } })
    const shown = await gateway.ask('admin', 'GET', `${SERVERS}/notes`)
    expect(shown.body).toMatchObject({ status: 'ready', credential: { names: ['TOKEN'], version: 1 } })
  })

  it('tell developers only whether a credential is set, and not what it is called', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', SERVERS, { ...NOTES, headers: { 'X-Api-Key': '{{ACME_KEY}}' } })
    const before = await gateway.ask('developer', 'GET', `${SERVERS}/notes`)
    expect(before.body.credential).toEqual({ set: false })
    expect(before.text).not.toContain('ACME_KEY')
    await gateway.ask('admin', 'PUT', `${SERVERS}/notes/credential`, {
      values: { ACME_KEY: 'tok-1234567890' },
    })
    const after = await gateway.ask('developer', 'GET', SERVERS)
    expect(after.body.items[0].credential).toEqual({ set: true })
    expect(after.text).not.toContain('ACME_KEY')
  })

  it('change how they are used, and leave the rest as it was', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', SERVERS, { ...NOTES, timeoutMs: 5000 })
    const changed = await gateway.ask('admin', 'PATCH', `${SERVERS}/notes`, {
      enabled: false,
      tools: { deny: ['delete_*'] },
    })
    expect(changed.body).toMatchObject({
      enabled: false,
      status: 'disabled',
      timeoutMs: 5000,
      toolRules: { deny: ['delete_*'] },
    })
  })

  it('come in pages, by name', async () => {
    await using gateway = await openInstallation()
    for (const name of ['c', 'a', 'b']) await gateway.ask('admin', 'POST', SERVERS, { ...NOTES, name })
    const first = await gateway.ask('admin', 'GET', `${SERVERS}?limit=2`)
    const second = await gateway.ask('admin', 'GET', `${SERVERS}?limit=2&cursor=${first.body.nextCursor}`)
    const names = [...first.body.items, ...second.body.items].map((item: { name: string }) => item.name)
    expect(names).toEqual(['a', 'b', 'c'])
    expect(second.body.nextCursor).toBeUndefined()
  })

  it('are removed with their credential', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', SERVERS, NOTES)
    await gateway.ask('admin', 'PUT', `${SERVERS}/notes/credential`, { values: { TOKEN: 'tok-1234567890' } })
    expect((await gateway.ask('admin', 'DELETE', `${SERVERS}/notes`)).status).toBe(204)
    expect((await gateway.ask('admin', 'GET', `${SERVERS}/notes`)).status).toBe(404)
    expect(await gateway.storage.credentials.all()).toEqual([])
  })

  it('are checked on request, and tell what is wrong', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', SERVERS, NOTES)
    const error = {
      code: 'upstream_refused',
      message: 'The server answered 401.',
      fix: 'Set its credential.',
    }
    gateway.inspector.healths.set('notes', { status: 'failing', error, tools: 0 })
    const checked = await gateway.ask('admin', 'POST', `${SERVERS}/notes/check`)
    expect(checked.body).toMatchObject({ status: 'failing', error, tools: 0, era: null })
  })

  it('are hosted for an owner alone', async () => {
    await using gateway = await openInstallation()
    const files = {
      name: 'files',
      command: 'node',
      args: ['server.js', '{{ROOT}}'],
      env: { API_TOKEN: '{{TOKEN}}' },
    }
    const refused = await gateway.ask('admin', 'POST', SERVERS, files)
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
    const added = await gateway.ask('owner', 'POST', SERVERS, files)
    expect(added.body).toMatchObject({ kind: 'hosted', command: 'node', args: files.args, env: files.env })
    expect(added.body.error.message).toBe('The credential has no value for ROOT, TOKEN.')
    expect(added.body.warning).toContain('environment variable')
  })

  it('are not hosted where the operator turned it off', async () => {
    await using gateway = await openInstallation({ hostingAllowed: false })
    const refused = await gateway.ask('owner', 'POST', SERVERS, { name: 'files', command: 'node' })
    expect([refused.status, refused.body.detail]).toEqual([
      501,
      'This installation does not run servers of its own.',
    ])
  })

  it('cannot share a name', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', SERVERS, NOTES)
    expect((await gateway.ask('admin', 'POST', SERVERS, NOTES)).status).toBe(409)
  })

  const secret = 'ghp_abcdefghijklmnopqrstuvwxyz'
  const refusals: [string, object, string][] = [
    ['no name', { url: NOTES.url }, '"name" is required.'],
    [
      'an unclean name',
      { ...NOTES, name: 'My Notes' },
      '"name" must be 1 to 32 of a-z, 0-9 and "-", and neither begin nor end with "-".',
    ],
    ['an unknown field', { ...NOTES, workspaceId: 'w-other' }, 'Unknown field "workspaceId".'],
    ['a field deep down that is unknown', { ...NOTES, tools: { alow: [] } }, 'Unknown field "tools.alow".'],
    ['both an address and a command', { ...NOTES, command: 'node' }, 'Unknown field "command".'],
    ['a wrong kind of value', { ...NOTES, enabled: 'yes' }, '"enabled" must be true or false.'],
    [
      'a choice there is not',
      { ...NOTES, prefix: 'maybe' },
      '"prefix" must be one of "always", "on-collision", "never".',
    ],
    ['too short a time', { ...NOTES, timeoutMs: 5 }, '"timeoutMs" must be 1000 to 600000 milliseconds.'],
    ['no URL', { ...NOTES, url: 'example' }, '"url" is not a URL.'],
    ['a file', { ...NOTES, url: 'file:///etc/passwd' }, '"url" must begin with https:// or http://.'],
    [
      'a password',
      { ...NOTES, url: `https://me:${secret}@example.com/` },
      '"url" must not hold a user name or password.',
    ],
    [
      'a fragment',
      { ...NOTES, url: 'https://example.com/#x' },
      '"url" must not hold a fragment (the part after "#").',
    ],
    [
      'a placeholder in the URL',
      { ...NOTES, url: 'https://example.com/{{KEY}}' },
      '"url" cannot hold a placeholder.',
    ],
    [
      'a secret in the query',
      { ...NOTES, url: `https://example.com/mcp?exampleApiKey=${secret}` },
      '"url" seems to hold a secret in its query, where it would be stored and shown in plain text.',
    ],
    [
      'a secret in a header',
      { ...NOTES, headers: { Authorization: `Bearer ${secret}` } },
      'The header "Authorization" seems to hold a secret in plain text.',
    ],
    [
      'a secret under a harmless name',
      { ...NOTES, headers: { 'X-Team': secret } },
      'The header "X-Team" seems to hold a secret in plain text.',
    ],
    [
      'a placeholder that is none',
      { ...NOTES, headers: { 'X-Team': '{{ TEAM }}' } },
      'The header "X-Team" holds "{{" that begins no placeholder.',
    ],
    [
      'a header of the connection',
      { ...NOTES, headers: { 'content-length': '1' } },
      'The header "content-length" is written by the gateway itself and cannot be set.',
    ],
    [
      'a header of MCP',
      { ...NOTES, headers: { 'Mcp-Session-Id': 'x' } },
      'The header "Mcp-Session-Id" is written by the gateway itself and cannot be set.',
    ],
    [
      'a line break in a header',
      { ...NOTES, headers: { 'X-A': 'a\r\nX-B: b' } },
      'The header "X-A" must be one line of printable ASCII characters.',
    ],
    ['a header twice', { ...NOTES, headers: { 'x-a': '1', 'X-A': '2' } }, 'The header "X-A" is there twice.'],
    [
      'a secret in the environment',
      { name: 'files', command: 'node', env: { GITHUB_TOKEN: secret } },
      'The environment variable "GITHUB_TOKEN" seems to hold a secret in plain text.',
    ],
    [
      'a secret in an argument',
      { name: 'files', command: 'node', args: [`--api-key=${secret}`] },
      'An argument seems to hold a secret in plain text.',
    ],
    [
      'a placeholder in the command',
      { name: 'files', command: '{{COMMAND}}' },
      '"command" cannot hold a placeholder.',
    ],
    [
      'a forbidden address',
      { ...NOTES, url: 'http://169.254.169.254/' },
      'The address 169.254.169.254 may not be an upstream.',
    ],
  ]

  it.each(refusals)('are refused with %s', async (_what, body, detail) => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('owner', 'POST', SERVERS, body)
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([400, 'invalid_request', detail])
    expect(refused.text).not.toContain(secret)
    expect(await gateway.storage.servers.all('w-acme')).toEqual([])
  })

  it('point to the placeholder when a secret is typed in plainly', async () => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('admin', 'POST', SERVERS, {
      ...NOTES,
      headers: { Authorization: 'abc' },
    })
    expect(refused.body.fix).toBe(
      'Use {{TOKEN}} in its place, as in "Bearer {{TOKEN}}", and set TOKEN in the server\'s credential.',
    )
  })

  it('keep their address: a credential set for one is not sent to another', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', SERVERS, NOTES)
    const refused = await gateway.ask('admin', 'PATCH', `${SERVERS}/notes`, { url: 'https://evil.example/' })
    expect([refused.status, refused.body.detail]).toEqual([400, 'Unknown field "url".'])
  })

  it('offer their tools in pages to whoever may use them', async () => {
    await using gateway = await openInstallation()
    const first = await gateway.ask('readonly', 'GET', '/workspaces/acme/tools?limit=2')
    expect(first.body.items.map((tool: { name: string }) => tool.name)).toEqual([
      'notes__create',
      'notes__list',
    ])
    const second = await gateway.ask(
      'readonly',
      'GET',
      `/workspaces/acme/tools?cursor=${first.body.nextCursor}`,
    )
    expect(second.body.items[0]).toMatchObject({ name: 'notes__read', server: 'notes', tool: 'read' })
  })
})
