import { describe, expect, it } from 'vitest'
import { openInstallation } from './installation.ts'

const IMPORT = '/workspaces/acme/servers/import'
const SECRET = 'canary-Kq81Xw42Zt97'

const NOTES = { url: 'https://mcp.example.com/mcp', headers: { Authorization: `Bearer ${SECRET}` } }
const LINEAR = { command: 'npx', args: ['-y', 'mcp-remote', 'https://mcp.linear.app/mcp'] }
/** In the catalog, with nothing beside what it has there. */
const SEARCH = {
  command: 'npx',
  args: ['-y', '@brave/brave-search-mcp-server'],
  env: { BRAVE_API_KEY: SECRET },
}

const textOf = (mcpServers: object) => JSON.stringify({ mcpServers })

describe("importing a client's configuration", () => {
  it('adds a server with its credential, and says what to delete and what to write instead', async () => {
    await using gateway = await openInstallation()
    const answer = await gateway.ask('admin', 'POST', IMPORT, { text: textOf({ 'My Notes': NOTES }) })
    expect(answer.body).toMatchObject({
      format: 'json',
      dryRun: false,
      items: [
        {
          ref: 'My Notes',
          path: ['mcpServers', 'My Notes'],
          outcome: 'added',
          name: 'my-notes',
          becomes: {
            kind: 'remote',
            url: 'https://mcp.example.com/mcp',
            headers: { Authorization: 'Bearer {{TOKEN}}' },
          },
          secrets: ['TOKEN'],
          obsolete: true,
        },
      ],
      replacement: { path: ['mcpServers', 'mcpgw'] },
    })
    expect(answer.body.replacement.text).toContain('https://gateway.example/ws/acme')
    const server = await gateway.storage.servers.byName('w-acme', 'my-notes')
    if (server === undefined) throw new Error('It is not there.')
    const credential = await gateway.vault.credentialFor(server)
    expect(credential?.values).toEqual(new Map([['TOKEN', SECRET]]))
    expect(answer.text).not.toContain(SECRET)
  })

  it('leaves a row for each server that was added, and one for the import', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', IMPORT, { text: textOf({ notes: NOTES, linear: LINEAR }) })
    const { body } = await gateway.ask('admin', 'GET', '/workspaces/acme/audit')
    const rows = body.items.map(({ method, tool, shownAs }: Record<string, unknown>) => [
      method,
      tool,
      shownAs,
    ])
    expect(rows.toReversed()).toEqual([
      ['server.create', 'notes', null],
      ['server.create', 'linear', null],
      ['server.import', 'acme', '2 of 2'],
    ])
  })

  it('gives a free name where one is taken, and the name that was asked for', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('admin', 'POST', '/workspaces/acme/servers', {
      name: 'notes',
      url: 'https://other.example.com/',
    })
    const text = textOf({
      notes: NOTES,
      'Notizen für Ähren 📓': { ...NOTES, url: 'https://b.example.com/' },
      '📓': LINEAR,
      '\u001b[2J': { url: 'https://c.example.com/' },
    })
    const { body } = await gateway.ask('admin', 'POST', IMPORT, { text, rename: { '📓': 'tickets' } })
    expect(body.items.map(({ ref, name }: { ref: string; name: string }) => [ref, name])).toEqual([
      ['notes', 'notes-2'],
      ['Notizen für Ähren 📓', 'notizen-fur-ahren'],
      ['📓', 'tickets'],
      ['\ufffd[2J', '2j'],
    ])
    const again = await gateway.ask('admin', 'POST', IMPORT, { text, rename: { notes: 'tickets' } })
    expect([again.status, again.body.detail]).toEqual([200, undefined])
    expect(again.body.items[0]).toMatchObject({
      outcome: 'refused',
      reason: 'There is a server of that name already.',
    })
  })

  it('keeps two accounts of one service apart, and takes the same server of two projects once', async () => {
    await using gateway = await openInstallation()
    const second = { ...NOTES, headers: { Authorization: 'Bearer another-account-1' } }
    const text = JSON.stringify({
      mcpServers: { work: NOTES, home: second },
      projects: { '/home/ada/shop': { mcpServers: { work: NOTES } } },
    })
    const { body } = await gateway.ask('admin', 'POST', IMPORT, { text })
    expect(body.items).toMatchObject([
      { ref: 'work', outcome: 'added', name: 'work' },
      { ref: 'home', outcome: 'added', name: 'home' },
      { ref: 'work#2', outcome: 'skipped', reason: 'It is the same as "work".', obsolete: true },
    ])
  })

  it('adds what is chosen and nothing else', async () => {
    await using gateway = await openInstallation()
    const text = textOf({ notes: NOTES, linear: LINEAR })
    const { body } = await gateway.ask('admin', 'POST', IMPORT, { text, choose: ['linear'] })
    expect(body.items.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['offered', 'added'])
    const wrong = await gateway.ask('admin', 'POST', IMPORT, { text, choose: ['lineal'] })
    expect(wrong.body).toMatchObject({ status: 400, fix: 'It has: notes, linear.' })
  })

  it('lets admins bring what the catalog knows, and owners the rest, where servers are hosted at all', async () => {
    const text = textOf({ search: SEARCH, mine: { command: 'npx', args: ['-y', 'my-own-mcp@1.0.0'] } })
    const outcomes = async (caller: 'admin' | 'owner', hostingAllowed = true) => {
      await using gateway = await openInstallation({ hostingAllowed })
      const { body } = await gateway.ask(caller, 'POST', IMPORT, { text })
      return body.items.map(({ outcome, reason }: Record<string, unknown>) => reason ?? outcome)
    }
    expect(await outcomes('admin')).toEqual(['added', 'It is no package of the catalog.'])
    expect(await outcomes('owner')).toEqual(['added', 'added'])
    const off = 'This installation does not run servers of its own.'
    expect(await outcomes('owner', false)).toEqual([off, off])
  })

  it('judges addresses, headers and variables as those of any server', async () => {
    await using gateway = await openInstallation()
    const text = textOf({
      metadata: { url: 'http://169.254.169.254/mcp' },
      host: { url: 'https://a.example.com/', headers: { Host: 'b' } },
      lines: { url: 'https://a.example.com/', headers: { Authorization: `Bearer ${SECRET}\nX: y` } },
      loads: {
        command: 'npx',
        args: ['-y', 'my-own-mcp@1.0.0'],
        env: { NODE_OPTIONS: `--require=${SECRET}` },
      },
      long: { url: 'https://a.example.com/', headers: { Authorization: `Bearer ${SECRET.repeat(1_000)}` } },
      good: NOTES,
    })
    const { body, text: said } = await gateway.ask('owner', 'POST', IMPORT, { text })
    expect(body.items.map(({ outcome, reason }: Record<string, unknown>) => reason ?? outcome)).toEqual([
      'The address 169.254.169.254 may not be an upstream.',
      'The header "Host" is written by the gateway itself and cannot be set.',
      'The value of TOKEN holds characters that the header "Authorization" cannot carry, such as a line break.',
      'The environment variable "NODE_OPTIONS" can make a program run other code, and cannot be set.',
      'The value of TOKEN is longer than 16384 bytes.',
      'added',
    ])
    expect(said).not.toContain('canary')
    // Nothing is left of the one whose credential could not be kept.
    expect((await gateway.storage.servers.all('w-acme')).map(({ name }) => name)).toEqual(['good'])
  })

  it('repeats nothing of a text that cannot be read', async () => {
    await using gateway = await openInstallation()
    for (const text of [
      `{"mcpServers": {"a": ${SECRET}`,
      `${SECRET}: [`,
      `[mcp_servers.a]\nkey = ${SECRET}`,
      SECRET,
    ]) {
      const answer = await gateway.ask('admin', 'POST', IMPORT, { text })
      expect([answer.status, answer.text.includes('canary')]).toEqual([400, false])
    }
    const { status, text } = await gateway.ask('admin', 'POST', IMPORT, {
      text: 1,
      canary: true,
      rename: { a: 'B' },
    })
    expect([status, text.includes('canary-')]).toEqual([400, false])
    expect(gateway.errors).toEqual([])
  })
})
