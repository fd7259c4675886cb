import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { readAdminAnswer } from '../../src/cli/admin-call.ts'
import { createAdminCommands } from '../../src/cli/admin-commands.ts'
import { exitCodeOf } from '../../src/cli/command-failed.ts'
import { parsePlan } from '../../src/openapi/plan.ts'
import { PETS } from '../openapi/documents.ts'
import { type Caller, type Installation, openInstallation } from './installation.ts'

describe('mcpgw-server', () => {
  it('makes a workspace, adds a server, sets its credential and issues a token', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'workspace create lab --name', ['The lab'])
    await run(gateway, 'server add lab notes --url https://mcp.example.com/mcp --header', [
      'Authorization: Bearer {{TOKEN}}',
    ])
    const listed = await run(gateway, 'server list lab')
    expect(listed.stdout).toBe(
      [
        'NAME   KIND    STATUS            TOOLS  ERA  PROBLEM',
        'notes  remote  needs_credential  0      -    The credential has no value for TOKEN.',
        '',
      ].join('\n'),
    )
    const set = await run(gateway, 'credential set lab notes TOKEN=-', [], 'tok-1234567890\n')
    expect(set.stdout).toMatch(/^names: +\["TOKEN"\]\nversion: +1\n/)
    expect((await run(gateway, 'server check lab notes')).code).toBe(0)
    const issued = await run(gateway, 'token create lab --name laptop --member mia --role developer --json')
    const { token } = JSON.parse(issued.stdout)
    expect((await gateway.askWith(token, 'GET', '/whoami')).body).toMatchObject({
      workspace: 'lab',
      member: 'mia',
    })
  })

  it('adds an HTTP API from the file of its document, with the operations that were named', async () => {
    await using gateway = await openInstallation()
    const folder = await mkdtemp(join(tmpdir(), 'mcpgw-cli-'))
    const file = join(folder, 'pets.yaml')
    await writeFile(file, PETS)
    const added = await run(gateway, `server add acme pets --openapi ${file} --operation reading --json`)
    expect(JSON.parse(added.stdout)).toMatchObject({
      kind: 'openapi',
      url: 'https://pets.example/v1',
      status: 'needs_credential',
      credentialSets: [['API_KEY']],
    })
    const server = await gateway.storage.servers.byName('w-acme', 'pets')
    const plan = parsePlan((await gateway.storage.servers.plan(server?.id ?? '')) ?? '')
    expect(plan.operations.map(({ tool }) => tool.name)).toEqual(['listPets', 'getPet', 'getPhoto'])
    const none = await run(gateway, `server add acme more --openapi ${file}`)
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('must not be empty')])
    expect((await run(gateway, 'server add acme more --openapi none.yaml')).code).toBe(2)
    await rm(folder, { recursive: true })
  })

  it('adds a server from its server.json, one of its ways, with the values that this needs', async () => {
    await using gateway = await openInstallation()
    const folder = await mkdtemp(join(tmpdir(), 'mcpgw-cli-'))
    const file = join(folder, 'server.json')
    const url = 'https://mcp.example.com/{region}'
    const variables = { region: { isRequired: true, choices: ['eu', 'us'] } }
    const remotes = [
      { type: 'sse', url: 'https://mcp.example.com/sse' },
      { type: 'streamable-http', url, variables },
    ]
    const about = { name: 'com.example/notes', description: 'Keeps notes.', version: '1.2.0' }
    await writeFile(file, JSON.stringify({ ...about, remotes }))
    const words = `server add acme notes --server-json ${file} --deployment 1`
    const added = await run(gateway, `${words} --value region=eu --json`)
    expect(JSON.parse(added.stdout)).toMatchObject({ name: 'notes', url: 'https://mcp.example.com/eu' })
    expect((await run(gateway, words)).stderr).toContain('region')
    await writeFile(file, '{')
    const broken = await run(gateway, words)
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('is not JSON')])
    await rm(folder, { recursive: true })
  })

  it('changes and removes servers', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'server add acme files -- node server.js --verbose')
    const set = await run(
      gateway,
      'server set acme files --disable --deny-tool rm_* --timeout-ms 5000 --json',
    )
    expect(JSON.parse(set.stdout)).toMatchObject({
      command: 'node',
      args: ['server.js', '--verbose'],
      enabled: false,
      timeoutMs: 5000,
      toolRules: { deny: ['rm_*'] },
    })
    expect((await run(gateway, 'server set acme files')).code).toBe(2)
    expect((await run(gateway, 'server remove acme files')).stdout).toBe('Removed files.\n')
    const gone = await run(gateway, 'server show acme files')
    expect(gone).toEqual({ code: 1, stdout: '', stderr: 'There is no such server in this workspace.\n' })
  })

  it("imports a client's configuration from stdin, and says what to delete from it", async () => {
    await using gateway = await openInstallation()
    const text = JSON.stringify({
      mcpServers: {
        notes: { url: 'https://mcp.example.com/mcp', headers: { 'X-Api-Key': 'tok-1234567890' } },
        pages: { command: 'npx', args: ['pages-mcp'] },
      },
    })
    const refused = [
      'pages        refused  -       -             It names no exact version, and another day would bring another program. Say which version, as in pages-mcp@1.2.3.',
    ]
    const seen = await run(gateway, 'server import acme - --dry-run', [], text)
    expect(seen.stdout).toBe(
      [
        'IN THE FILE  OUTCOME  SERVER  IN THE VAULT  NOTES',
        'notes        offered  notes   X_API_KEY',
        ...refused,
        '',
      ].join('\n'),
    )
    const done = await run(
      gateway,
      'server import acme - --use-version pages=1.4.0 --rename pages=wiki',
      [],
      text,
    )
    expect(done.stdout).toContain('pages        added    wiki    -')
    expect(done.stdout).toContain('DELETE FROM THE FILE\nmcpServers > notes\nmcpServers > pages\n')
    expect(done.stdout).toContain('"https://gateway.example/ws/acme"')
    expect(done.stdout + done.stderr).not.toContain('tok-')
    expect((await run(gateway, 'server import acme /no/such/file')).code).toBe(2)
  })

  it('shows what changed in a tool, so that it can be read, and approves it by its hash', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'server add acme notes --url https://mcp.example.com/mcp --pin enforce')
    const server = await gateway.storage.servers.byName('w-acme', 'notes')
    const seen = (hash: string, definition: object) => [
      { tool: 'read', hash: hash.repeat(43), definition: JSON.stringify(definition) },
    ]
    const id = server?.id ?? ''
    await gateway.storage.pins.recordFirst(id, seen('a', { name: 'read', description: 'Reads.' }), 0)
    expect((await run(gateway, 'server approve acme notes read')).code).toBe(1)
    const changed = { name: 'read', description: 'Reads.\u202e\u001b[2K <IMPORTANT>\nMore.', title: 'Read' }
    await gateway.storage.pins.replaceChanges(id, '', seen('b', changed), 0)

    const shown = [
      'read: CHANGED since 1970-01-01T00:00:00.000Z; approved 1970-01-01T00:00:00.000Z by first sight',
      `  hash ${'b'.repeat(43)}`,
      '  /description',
      '    - "Reads."',
      '    + "Reads.\\u{202e}\\u001b[2K <IMPORTANT>\\nMore."',
      '  /title',
      '    + "Read"',
      '  ! bidi_control in /description: "Reads.\\u{202e}\\u001b[2K <IMPORTANT>\\nMore."',
      '  ! control_character in /description: "Reads.\\u{202e}\\u001b[2K <IMPORTANT>\\nMore."',
      '  ! instruction in /description: "<IMPORTANT>"',
      '',
    ].join('\n')
    expect((await run(gateway, 'server pins acme notes --changed')).stdout).toBe(shown)
    const unseen = await run(gateway, 'server approve acme notes read')
    expect([unseen.code, unseen.stdout]).toEqual([2, ''])
    expect(unseen.stderr).toBe(`${shown}If it may be used like this, add --hash ${'b'.repeat(43)}\n`)
    expect((await run(gateway, `server approve acme notes read --hash ${'a'.repeat(43)}`)).code).toBe(1)
    const approved = await run(gateway, `server approve acme notes read --hash ${'b'.repeat(43)}`)
    expect(approved.stdout).toBe('Approved read of notes.\n')
    expect((await run(gateway, 'server pins acme notes --changed')).stdout).toBe('')
    expect(JSON.parse((await run(gateway, 'server pins acme notes --json')).stdout)).toMatchObject({
      items: [{ tool: 'read', state: 'approved', approvedBy: expect.any(String) }],
    })
    const set = await run(gateway, 'server set acme notes --pin default --json')
    expect(JSON.parse(set.stdout)).toMatchObject({ pin: 'warn', pinSetBy: 'default' })
  })

  it('says in the list of servers that changed tools are held back', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'server add acme notes --url https://mcp.example.com/mcp --pin enforce')
    const health = { status: 'ready', era: 'modern', tools: 2, changedTools: 1, heldBack: 1 } as const
    gateway.inspector.healths.set('notes', health)
    const listed = await run(gateway, 'server list acme')
    expect(listed.stdout).toMatch(/ready +2 +modern +Changed tools held back: 1, see server pins\n/)
  })

  it('sets how long a log is kept, and takes that back', async () => {
    await using gateway = await openInstallation()
    const set = await run(gateway, 'workspace set acme --audit-retention-days 30 --audit-capture on')
    expect(set.stdout).toMatch(/audit\.capture: +on\naudit\.retentionDays: +30\n/)
    const back = await run(gateway, 'workspace set acme --audit-retention-days default')
    expect(back.stdout).toMatch(/audit\.capture: +on\naudit\.retentionDays: +-\n/)
    expect(await run(gateway, 'workspace set acme')).toMatchObject({ code: 2, stdout: '' })
  })

  it('takes secrets from stdin alone', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'server add acme notes --url https://mcp.example.com/mcp')
    const typed = await run(gateway, 'credential set acme notes TOKEN=tok-1234567890')
    expect(typed.code).toBe(2)
    expect(typed.stderr).not.toContain('tok-1234567890')
    await run(
      gateway,
      'credential set acme notes',
      [],
      '{"PEM": "-----BEGIN-----\\nabcdefgh\\n", "USER": "longer-name"}',
    )
    await expectValues(gateway, { PEM: '-----BEGIN-----\nabcdefgh\n', USER: 'longer-name' })
    await run(gateway, 'credential set acme notes A=- B=-', [], 'first-secret\nsecond-secret\n')
    await expectValues(gateway, { A: 'first-secret', B: 'second-secret' })
    await run(gateway, 'credential set acme notes PEM=-', [], 'first line\nsecond line\n')
    await expectValues(gateway, { PEM: 'first line\nsecond line' })
    expect((await run(gateway, 'credential show acme notes --json')).stdout).not.toContain('line')
    expect((await run(gateway, 'credential remove acme notes')).code).toBe(0)
  })

  it('does not echo a secret that is typed at a terminal', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'server add acme notes --url https://mcp.example.com/mcp')
    const terminal = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => terminal })
    const typing = start(gateway, ['credential', 'set', 'acme', 'notes', 'A=-', 'B=-'], terminal)
    terminal.write('typed-secret\r')
    terminal.write('other-secret\r')
    const done = await typing
    expect(done.stderr).toBe('A: \nB: \n')
    expect(done.stdout).not.toContain('secret')
    await expectValues(gateway, { A: 'typed-secret', B: 'other-secret' })
  })

  it('sets nothing when the typing is interrupted', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'server add acme notes --url https://mcp.example.com/mcp')
    const terminal = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => terminal })
    const typing = start(gateway, ['credential', 'set', 'acme', 'notes', 'A=-', 'B=-'], terminal)
    terminal.write('typed-secret\r')
    terminal.write('\u0003')
    expect((await typing).code).toBe(1)
    expect(await gateway.storage.credentials.all()).toEqual([])
  })

  it('lists, rotates and revokes tokens', async () => {
    await using gateway = await openInstallation()
    expect((await run(gateway, 'token list acme')).stdout).toMatch(/^ID .*\nt-/)
    const rotated = JSON.parse((await run(gateway, 'token rotate t-dev acme --json')).stdout)
    expect((await gateway.askWith(rotated.token, 'GET', '/whoami')).status).toBe(200)
    await run(gateway, 'token revoke t-dev acme')
    expect((await gateway.askWith(rotated.token, 'GET', '/whoami')).status).toBe(401)
    const owner = await run(gateway, 'token create --name ci --member robot --json')
    expect(JSON.parse(owner.stdout)).toMatchObject({ role: 'owner' })
  })

  it('invites by a link, lists what became of it and takes it back', async () => {
    await using gateway = await openInstallation()
    const words = 'invite create acme --member mia --role readonly --expires-in 3600 --allow-server notes'
    const made = await run(gateway, `${words} --token-expires-in 7200 --json`)
    const { id, link } = JSON.parse(made.stdout)
    expect(link).toMatch(/^https:\/\/gateway\.example\/invite\//)
    expect(made.stderr).toContain('shown this once')
    const listed = await run(gateway, 'invite list acme')
    expect(listed.stdout).toMatch(
      /^ID +MEMBER +ROLE +STATE +EXPIRES +USED\n\S+ +mia +readonly +open +\S+ +-\n$/,
    )
    const { items } = JSON.parse((await run(gateway, 'invite list acme --json')).stdout)
    expect(items).toMatchObject([{ id, rules: { servers: { allow: ['notes'] } }, tokenExpiresIn: 7200 }])
    expect((await run(gateway, `invite revoke ${id} acme`)).stdout).toBe(`Revoked ${id}.\n`)
    expect((await run(gateway, `invite revoke ${id} acme`)).code).toBe(1)
    expect((await run(gateway, 'invite create acme --member mia')).code).toBe(2)
    expect((await run(gateway, 'invite create acme --member mia --role owner')).code).toBe(2)
  })

  it('reads, verifies and exports the log', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'workspace create lab')
    const listed = await run(gateway, 'audit list lab --outcome ok')
    expect(listed.stdout).toMatch(/^SEQ +TIME .*\n1 .*olga +workspace\.create +- +lab +ok/)
    const verified = await run(gateway, 'audit verify')
    expect([verified.code, verified.stdout.match(/intact/g)?.length]).toEqual([0, 4])
    const exported = await run(gateway, 'audit export lab')
    expect(
      exported.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).method),
    ).toEqual(['workspace.create', 'audit.export'])
    expect((await run(gateway, 'audit export lab --format csv')).stdout).toMatch(/^seq,time/)
  })

  it('fails when the log was touched', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'workspace create lab')
    const { audit } = gateway.storage
    const read = audit.read
    audit.read = async (...args) => (await read(...args)).map((row) => ({ ...row, member: 'eve' }))
    const verified = await run(gateway, 'audit verify lab')
    expect(verified.code).toBe(1)
    expect(verified.stdout).toMatch(/lab +damaged +- +- +- +1 +changed/)
  })

  it('keeps stdout for results and tells by the exit code how it ended', async () => {
    await using gateway = await openInstallation()
    expect((await run(gateway, 'workspace create')).code).toBe(2)
    const unknown = await run(gateway, 'workspace frobnicate')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('mcpgw-server workspace --help')
    expect((await run(gateway, 'workspace create Not-A-Slug')).code).toBe(2)
    expect((await run(gateway, 'workspace show nowhere')).code).toBe(1)
    expect((await run(gateway, 'workspace list', [], '', 'nobody')).code).toBe(4)
    const help = await run(gateway, 'workspace --help')
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toContain('create [options] <slug>')
    const wrong = await run(gateway, 'server add acme x --url nonsense')
    expect(wrong).toEqual({
      code: 2,
      stdout: '',
      stderr: '"url" is not a URL.\nGive the whole address, such as https://mcp.example.com/mcp.\n',
    })
  })

  it('prints the description of its API', async () => {
    await using gateway = await openInstallation()
    expect(JSON.parse((await run(gateway, 'openapi')).stdout).openapi).toBe('3.1.0')
  })

  it('shows what a server says without letting it draw on the terminal', async () => {
    await using gateway = await openInstallation()
    await run(gateway, 'server add acme notes --url https://mcp.example.com/mcp')
    const error = { code: 'upstream_invalid', message: 'It said \u001b]0;owned\u0007\nhello' }
    gateway.inspector.healths.set('notes', { status: 'failing', error, tools: 0 })
    const listed = await run(gateway, 'server list acme')
    expect(listed.stdout).not.toContain('\u001b')
    expect(listed.stdout.split('\n').length).toBe(3)
  })
})

async function expectValues(gateway: Installation, values: Record<string, string>): Promise<void> {
  const server = await gateway.storage.servers.byName('w-acme', 'notes')
  if (server === undefined) throw new Error('no server')
  expect(Object.fromEntries((await gateway.vault.credentialFor(server))?.values ?? [])).toEqual(values)
}

function run(
  gateway: Installation,
  words: string,
  more: string[] = [],
  input = '',
  caller: Caller = 'owner',
) {
  return start(gateway, [...words.split(' '), ...more], Readable.from([input]), caller)
}

async function start(gateway: Installation, argv: string[], stdin: Readable, caller: Caller = 'owner') {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const program = new Command('mcpgw-server')
  createAdminCommands(program, {
    stdout,
    stderr,
    stdin,
    async call(method, path, body) {
      const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      return readAdminAnswer(
        await gateway.fetchAs(caller, path, { method, ...(body === undefined ? {} : json) }),
      )
    },
  })
  const outcome = await program.parseAsync(argv, { from: 'user' }).then(() => 0, exitCodeOf)
  stdout.end()
  stderr.end()
  return { code: outcome, stdout: await text(stdout), stderr: await text(stderr) }
}
