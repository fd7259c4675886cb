import { beforeAll, describe, expect, it } from 'vitest'
import { type CatalogEntry, catalogEntry } from '../catalog/catalog-entry.ts'
import { deploymentsOf } from '../catalog/deployment.ts'
import { exampleEntry } from '../catalog/test-entry.ts'
import { createKnownServers, type KnownServers } from './known-servers.ts'
import { proposeServer, type Taken } from './propose-servers.ts'

const SECRET = 'canary-Kq81Xw42Zt97'

const key = (name: string) => ({ name, isSecret: true, isRequired: true, value: `{${name}}` })

/** An entry with one package or remote beside what every entry has. */
function entryWith(parts: Record<string, unknown>, auth: string, about = {}): CatalogEntry {
  const note = 'remotes' in parts ? { remote: 0, auth } : { package: 0, auth }
  const { remotes: _, ...example } = exampleEntry({ deployments: [note], ...about } as object)
  return catalogEntry.parse({ ...example, ...parts })
}

const npmPackage = {
  registryType: 'npm',
  identifier: '@example/mcp',
  version: '1.2.3',
  transport: { type: 'stdio' },
}

const ENTRIES = [
  entryWith(
    {
      remotes: [
        { type: 'streamable-http', url: 'https://mcp.example.com/mcp', headers: [key('X-Example-Key')] },
      ],
    },
    'header',
    { id: 'remote' },
  ),
  entryWith(
    {
      packages: [
        {
          ...npmPackage,
          packageArguments: [{ type: 'named', name: '--mode', choices: ['fast', 'slow'] }],
          environmentVariables: [key('EXAMPLE'), { name: 'REGION' }],
        },
      ],
    },
    'environment',
    { id: 'packed' },
  ),
  entryWith({ packages: [{ ...npmPackage, identifier: 'example-files', version: '2.0.0' }] }, 'none', {
    id: 'files',
    warning: 'It reads the machine.',
  }),
  entryWith(
    {
      packages: [
        {
          ...npmPackage,
          registryType: 'oci',
          identifier: 'ghcr.io/example/mcp:3.1.0',
          environmentVariables: [key('EXAMPLE')],
        },
      ],
    },
    'environment',
    { id: 'image' },
  ),
]

let known: KnownServers
beforeAll(() => {
  known = createKnownServers(ENTRIES.map((entry) => ({ entry, deployments: deploymentsOf(entry) })))
})

const propose = (entry: object, isOwner = true, version?: string) =>
  proposeServer(
    { name: 'a', path: ['mcpServers', 'a'], entry },
    { origin: 'https://gw.example', known, isOwner, version },
  )

function taken(entry: object, isOwner = true, version?: string): Taken {
  const proposal = propose(entry, isOwner, version)
  if (proposal.verdict === 'take') return proposal
  throw new Error(proposal.reason)
}

describe('a remote server of a client', () => {
  it.each([
    [
      'Bearer',
      { url: 'https://a.example', headers: { Authorization: `Bearer ${SECRET}` } },
      { Authorization: 'Bearer {{TOKEN}}' },
      { TOKEN: SECRET },
    ],
    [
      'a key',
      { serverUrl: 'https://a.example', headers: { 'X-Api-Key': 'abc' } },
      { 'X-Api-Key': '{{X_API_KEY}}' },
      { X_API_KEY: 'abc' },
    ],
    [
      'something random',
      { httpUrl: 'https://a.example', headers: { 'X-Team': 'q8w7e6r5t4z3u2i1o0' } },
      { 'X-Team': '{{X_TEAM}}' },
      { X_TEAM: 'q8w7e6r5t4z3u2i1o0' },
    ],
    [
      'no secret',
      { uri: 'https://a.example', type: 'sse', headers: { 'X-Region': 'eu-west-1' } },
      { 'X-Region': 'eu-west-1' },
      {},
    ],
    [
      'what the gateway writes itself',
      {
        url: 'https://a.example',
        headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
      },
      {},
      {},
    ],
    [
      'what the catalog knows',
      { url: 'https://MCP.example.com/mcp/', headers: { 'x-example-key': 'tiny' } },
      { 'x-example-key': '{{X_EXAMPLE_KEY}}' },
      { X_EXAMPLE_KEY: 'tiny' },
    ],
    [
      'a key of Codex',
      { url: 'https://a.example', http_headers: { 'X-Api-Key': 'abc' } },
      { 'X-Api-Key': '{{X_API_KEY}}' },
      { X_API_KEY: 'abc' },
    ],
    [
      'headers of Continue',
      { url: 'https://a.example', requestOptions: { headers: { 'X-Api-Key': 'abc' } } },
      { 'X-Api-Key': '{{X_API_KEY}}' },
      { X_API_KEY: 'abc' },
    ],
    [
      'two secrets, one of them twice',
      { url: 'https://a.example', headers: { 'X-Api-Key': 'abc', 'x-api.key': 'def', 'X-Token': 'abc' } },
      { 'X-Api-Key': '{{X_API_KEY}}', 'x-api.key': '{{X_API_KEY_2}}', 'X-Token': '{{X_API_KEY}}' },
      { X_API_KEY: 'abc', X_API_KEY_2: 'def' },
    ],
  ])('keeps its headers, and no secret in them: %s', (_what, entry, headers, values) => {
    const proposal = taken(entry)
    expect(proposal.target).toMatchObject({ kind: 'remote', headers })
    expect(Object.keys(proposal.target.kind === 'remote' ? proposal.target.headers : {})).toEqual(
      Object.keys(headers),
    )
    expect(proposal.values).toEqual(values)
  })

  it.each([
    ['VS Code', { headers: { Authorization: `Bearer \${input:docs-key}` } }, 'DOCS_KEY'],
    ['Cursor', { headers: { Authorization: `Bearer \${env:DOCS_KEY}` } }, 'DOCS_KEY'],
    ['Claude Code', { headers: { 'X-Api-Key': `\${DOCS_KEY}` } }, 'DOCS_KEY'],
    ['opencode', { headers: { 'X-Api-Key': '{env:DOCS_KEY}' } }, 'DOCS_KEY'],
    ['Continue', { requestOptions: { headers: { 'X-Api-Key': `\${{ secrets.DOCS_KEY }}` } } }, 'DOCS_KEY'],
    ['Codex', { bearer_token_env_var: 'DOCS_KEY' }, 'DOCS_KEY'],
    ['Codex, any header', { env_http_headers: { 'X-Api-Key': 'DOCS_KEY' } }, 'DOCS_KEY'],
    ['Gemini', { headers: { 'X-Api-Key': '$DOCS_KEY' } }, 'DOCS_KEY'],
    ['Gemini on Windows', { headers: { 'X-Api-Key': '%DOCS_KEY%' } }, 'DOCS_KEY'],
  ])('asks for what the client would have looked up: %s', (_client, entry, name) => {
    const proposal = taken({ url: 'https://a.example', ...entry })
    expect(proposal).toMatchObject({ missing: [name], values: {} })
    expect(JSON.stringify(proposal.target)).toContain(`{{${name}}}`)
  })

  it('takes what stands in the text for the case that nothing is set', () => {
    expect(taken({ url: `\${BASE:-https://a.example}/mcp` }).target).toMatchObject({
      url: 'https://a.example/mcp',
    })
  })

  it.each([
    ['in its query', { url: `https://a.example/mcp?api_key=${SECRET}` }],
    ['in its query, under any name', { url: 'https://a.example/mcp?x=q8w7e6r5t4z3u2i1o0' }],
    ['in its path', { url: 'https://a.example/s/q8w7e6r5t4z3u2i1o0/mcp' }],
    ['as a login', { url: `https://ada:${SECRET}@a.example/mcp` }],
  ])('is refused with a secret in its address: %s', (place, entry) => {
    const proposal = propose(entry)
    expect(proposal).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining('Its address holds a secret'),
    })
    expect(place).toMatch(/^(?:in its query|in its path|as a login)/)
    expect(JSON.stringify(proposal)).not.toMatch(/canary|q8w7/)
  })

  it('sends a secret of its address in the header that the catalog knows', () => {
    const proposal = taken({ url: `https://mcp.example.com/mcp?region=eu&exampleKey=${SECRET}` })
    expect(proposal).toMatchObject({
      target: {
        url: 'https://mcp.example.com/mcp?region=eu',
        headers: { 'X-Example-Key': '{{X_EXAMPLE_KEY}}' },
      },
      values: { X_EXAMPLE_KEY: SECRET },
      catalog: 'remote',
    })
  })

  it.each([
    [
      'a variable',
      { url: `https://\${HOST}/mcp` },
      'A part of its address is not in the text: the client looks it up.',
    ],
    ['a socket', { url: 'unix:///tmp/x' }, 'Its address is no web address.'],
  ])('is refused without an address: %s', (_what, entry, reason) => {
    expect(propose(entry)).toMatchObject({ verdict: 'refuse', reason })
  })

  it('is asked, where the catalog knows that it needs one, for a key that is nowhere in the text', () => {
    expect(taken({ url: 'https://mcp.example.com/mcp' })).toMatchObject({
      target: { headers: { 'X-Example-Key': '{{X_EXAMPLE_KEY}}' } },
      missing: ['X_EXAMPLE_KEY'],
    })
  })

  it('stays off when it is off, and keeps to the tools it was kept to', () => {
    expect(
      taken({ url: 'https://a.example', disabled: true, includeTools: ['a'], excludeTools: ['b'] }),
    ).toMatchObject({
      enabled: false,
      tools: { allow: ['a'], deny: ['b'] },
    })
  })
})

describe('a bridge in front of a remote server', () => {
  it.each([
    [
      'mcp-remote',
      'npx',
      [
        '-y',
        'mcp-remote@0.1.38',
        'https://a.example/mcp',
        '3334',
        '--header',
        'X-Api-Key: abc',
        '--transport',
        'http-only',
      ],
      {},
    ],
    [
      'mcp-remote with a variable',
      'npx',
      ['mcp-remote', 'https://a.example/mcp', '--header', `X-Api-Key:\${KEY}`],
      { KEY: 'abc' },
    ],
    [
      'mcp-remote on Windows',
      'cmd',
      ['/c', 'npx', 'mcp-remote', 'https://a.example/mcp', '--header=X-Api-Key:abc'],
      {},
    ],
    [
      'supergateway',
      'npx',
      ['-y', 'supergateway', '--streamableHttp', 'https://a.example/mcp', '--header', 'X-Api-Key: abc'],
      {},
    ],
    ['mcp-proxy', 'uvx', ['mcp-proxy', '--headers', 'X-Api-Key', 'abc', 'https://a.example/mcp'], {}],
  ])('is left out: %s', (_bridge, command, args, env) => {
    expect(taken({ command, args, env })).toMatchObject({
      target: { kind: 'remote', url: 'https://a.example/mcp', headers: { 'X-Api-Key': '{{X_API_KEY}}' } },
      values: { X_API_KEY: 'abc' },
    })
  })

  it('leaves behind a login that it keeps itself, and options that only it has', () => {
    const args = [
      'mcp-remote',
      'https://a.example/mcp',
      '--static-oauth-client-info',
      `{"client_secret":"${SECRET}"}`,
    ]
    const { warnings, values } = taken({ command: 'npx', args })
    expect(warnings).toEqual([
      'Its option "--static-oauth-client-info" of mcp-remote is not taken along.',
      'A login that mcp-remote keeps on that machine is not taken along: if the server asks for one, log in to it here.',
    ])
    expect(values).toEqual({})
  })
})

describe('a package of a client', () => {
  const env = { EXAMPLE: 'tiny', REGION: 'eu' }

  it.each([
    ['npx', { command: 'npx', args: ['-y', '@example/mcp@1.2.3', '--mode', 'fast'], env }],
    [
      'npx on Windows',
      {
        command: 'C:\\Program Files\\nodejs\\npx.cmd',
        args: ['-y', '@example/mcp@1.2.3', '--mode=fast'],
        env,
      },
    ],
    ['cmd', { command: 'cmd', args: ['/c', 'npx', '-y', '@example/mcp@1.2.3', '--mode=fast'], env }],
    ['npm exec', { command: 'npm', args: ['exec', '--', '@example/mcp@1.2.3', '--mode=fast'], env }],
    [
      '--package',
      { command: 'npx', args: ['-y', '--package=@example/mcp@1.2.3', 'mcp', '--mode=fast'], env },
    ],
    ['opencode', { type: 'local', command: ['bunx', '@example/mcp@1.2.3', '--mode=fast'], environment: env }],
    ['goose', { type: 'stdio', cmd: 'npx', args: ['@example/mcp@1.2.3', '--mode=fast'], envs: env }],
    ['Zed', { command: { path: 'npx', args: ['@example/mcp@1.2.3', '--mode=fast'], env } }],
    [
      'Cline',
      { transport: { type: 'stdio', command: 'npx', args: ['@example/mcp@1.2.3', '--mode=fast'], env } },
    ],
    ['without a version', { command: 'npx', args: ['-y', '@example/mcp@latest', '--mode=fast'], env }],
  ])('is what the catalog knows, for an admin too: %s', (_client, entry) => {
    expect(taken(entry, false)).toMatchObject({
      catalog: 'packed',
      target: {
        kind: 'hosted',
        command: 'npx',
        package: { registryType: 'npm', identifier: '@example/mcp', version: '1.2.3' },
        args: ['--mode=fast'],
        env: { EXAMPLE: '{{EXAMPLE}}', REGION: 'eu' },
      },
      values: { EXAMPLE: 'tiny' },
    })
    expect(taken(entry, false).ownerOnly).toBeUndefined()
  })

  it.each([
    [
      'an argument beside',
      { args: ['-y', '@example/mcp', '--mode=fast', '--eval=1'] },
      'The catalog does not know an argument of it.',
    ],
    [
      'a choice that is none',
      { args: ['-y', '@example/mcp', '--mode=other'] },
      'The catalog does not know an argument of it.',
    ],
    [
      'a variable beside',
      { args: ['-y', '@example/mcp'], env: { EXTRA: '1' } },
      'The catalog does not know "EXTRA" of it.',
    ],
    ['another package', { args: ['-y', 'unknown-mcp@1.0.0'] }, 'It is no package of the catalog.'],
    ['the machine itself', { args: ['-y', 'example-files'] }, 'It reads the machine.'],
  ])("is an owner's to bring with more than the catalog has: %s", (_what, entry, reason) => {
    expect(taken({ command: 'npx', ...entry }, false).ownerOnly).toBe(reason)
  })

  it('has the version that stands there for an owner, and the one of the catalog for an admin', () => {
    const entry = { command: 'npx', args: ['@example/mcp@1.0.0'] }
    expect(taken(entry, true).target).toMatchObject({ package: { version: '1.0.0' } })
    expect(taken(entry, false)).toMatchObject({
      target: { package: { version: '1.2.3' } },
      warnings: ["It names version 1.0.0: the catalog's, 1.2.3, is used."],
    })
  })

  it('needs an exact version from somewhere', () => {
    const entry = { command: 'npx', args: ['-y', 'unknown-mcp@^1.0.0'] }
    expect(propose(entry)).toMatchObject({
      verdict: 'refuse',
      fix: 'Say which version, as in unknown-mcp@1.2.3.',
      wantsVersion: true,
    })
    expect(taken(entry, true, '1.4.2').target).toMatchObject({
      package: { identifier: 'unknown-mcp', version: '1.4.2' },
    })
  })

  it('may be an image, with the variables that docker hands on', () => {
    const args = [
      'run',
      '-i',
      '--rm',
      '-e',
      'EXAMPLE',
      '--env',
      'REGION=eu',
      'ghcr.io/example/mcp:3.1.0',
      'stdio',
    ]
    expect(taken({ command: 'docker', args, env: { EXAMPLE: 'tiny', DOCKER_HOST: 'x' } })).toMatchObject({
      target: {
        package: { registryType: 'oci', identifier: 'ghcr.io/example/mcp:3.1.0' },
        args: ['stdio'],
        env: { EXAMPLE: '{{EXAMPLE}}', REGION: 'eu' },
      },
      values: { EXAMPLE: 'tiny' },
    })
  })

  it('may be of PyPI', () => {
    expect(
      taken({ command: 'uvx', args: ['--from', 'example-mcp==0.4.1', 'example-mcp'] }).target,
    ).toMatchObject({
      command: 'uvx',
      package: { registryType: 'pypi', identifier: 'example-mcp', version: '0.4.1' },
    })
  })

  it.each([
    [
      'a folder of that machine for docker',
      'docker',
      ['run', '-v', '/home:/x', 'a:1'],
      'It uses an option of docker "-v" that the gateway does not take over.',
    ],
    [
      'options of npx that change what runs',
      'npx',
      ['--node-options=--require=/x', 'a@1.0.0'],
      'It uses an option of npx "--node-options" that the gateway does not take over.',
    ],
    [
      'npx with a command of its own',
      'npx',
      ['-c', 'rm -rf /'],
      'It uses an option of npx "-c" that the gateway does not take over.',
    ],
    [
      'a repository',
      'npx',
      ['-y', 'github:evil/mcp'],
      'It runs something that is no package of the npm registry.',
    ],
    [
      'an address',
      'uvx',
      ['--from', 'git+https://a.example/x', 'x'],
      'It runs something that is no package of PyPI.',
    ],
    ['a shell', 'bash', ['-c', 'x'], 'It starts a shell, and the gateway runs none.'],
  ])('is refused when it is more than a package: %s', (_what, command, args, reason) => {
    expect(propose({ command, args })).toMatchObject({ verdict: 'refuse', reason })
  })

  it('is added only when it is chosen, if it names a place on the machine the text is from', () => {
    const proposal = taken({ command: 'npx', args: ['-y', 'example-files@2.0.0', '/Users/ada/Documents'] })
    expect(proposal.onlyIfChosen).toBe('It names a file or folder of the machine that the text is from.')
    expect(taken({ command: 'node', args: ['server.js'] }).onlyIfChosen).toBe(
      'It starts a program of the machine that the text is from.',
    )
  })
})

describe('arguments and variables', () => {
  const program = (args: string[], env = {}) => {
    const { target, values } = taken({ command: 'serve-it', args, env })
    return { ...(target.kind === 'hosted' && { args: target.args, env: target.env }), values }
  }

  it.each([
    [['--api-key', 'abc'], ['--api-key', '{{API_KEY}}'], { API_KEY: 'abc' }],
    [['--api-key=abc'], ['--api-key={{API_KEY}}'], { API_KEY: 'abc' }],
    [['API_KEY=abc'], ['API_KEY={{API_KEY}}'], { API_KEY: 'abc' }],
    [['-H', 'Authorization: Bearer abc'], ['-H', 'Authorization: Bearer {{TOKEN}}'], { TOKEN: 'abc' }],
    [['postgresql://ada:pw@db.example/x'], ['{{SECRET}}'], { SECRET: 'postgresql://ada:pw@db.example/x' }],
    [['--dsn', 'x'], ['--dsn', '{{DSN}}'], { DSN: 'x' }],
    [['ghp_abcdefghijklmnopqrst'], ['{{SECRET}}'], { SECRET: 'ghp_abcdefghijklmnopqrst' }],
    [['--url=https://a.example/?token=abc'], ['--url={{URL}}'], { URL: 'https://a.example/?token=abc' }],
    [
      ['--port', '8080', '--model', 'gpt-4o-mini-2024-07-18'],
      ['--port', '8080', '--model', 'gpt-4o-mini-2024-07-18'],
      {},
    ],
    [['--max-tokens', '1000', '--no-auth', 'true'], ['--max-tokens', '1000', '--no-auth', 'true'], {}],
  ])('lose their secrets and nothing else: %j', (args, expected, values) => {
    expect(program(args)).toEqual({ args: expected, env: {}, values })
  })

  it.each([
    ['STRIPE_KEY', 'abc', true],
    ['DATABASE_URL', 'postgres://ada:pw@db.example/x', true],
    ['MCP_HEADERS', '{"Authorization":"Bearer abc"}', true],
    ['SLACK_WEBHOOK_URL', 'https://hooks.example/x', true],
    ['ANYTHING', 'q8w7e6r5t4z3u2i1o0', true],
    ['PGPASSWORD', '1234', true],
    ['KEY_FILE', './key.json', false],
    ['NOTION_DATABASE', '1f0c6a4e-0000-4000-8000-0123456789ab', false],
    ['AUTH', 'true', false],
    ['LOG_LEVEL', 'debug', false],
    ['SUPABASE_REF', 'eu-central-1', false],
  ])('%s=%s is a secret: %s', (name, value, isSecret) => {
    expect(program([], { [name]: value })).toEqual({
      args: [],
      env: { [name]: isSecret ? `{{${name}}}` : value },
      values: isSecret ? { [name]: value } : {},
    })
  })

  it('leave out what is about the machine of the client', () => {
    const { env } = program([], { PATH: '/x', HTTPS_PROXY: 'http://p', npm_config_registry: 'x', MODE: 'a' })
    expect(env).toEqual({ MODE: 'a' })
  })
})

describe('an entry that leads to a gateway', () => {
  it.each([
    [
      'the bridge',
      {
        command: 'npx',
        args: ['-y', '--prefer-offline', 'mcpgw@1', 'stdio', '--workspace', 'https://gw.example/ws/eng'],
      },
    ],
    [
      'the bridge of a workspace',
      { command: 'npx', args: ['-y', '--allow-remote=all', 'https://gw.example/ws/eng'] },
    ],
    ['Windows', { command: 'cmd', args: ['/c', 'npx', '-y', 'https://gw.example/ws/eng'] }],
    [
      'the workspace itself',
      { url: 'https://gw.example/ws/eng', headers: { Authorization: `Bearer mcpgw_${SECRET}` } },
    ],
    ['by way of mcp-remote', { command: 'npx', args: ['mcp-remote', 'https://gw.example/ws/eng'] }],
    [
      'a copy of it',
      {
        command: '/usr/bin/node',
        args: ['/opt/mcpgw.js', 'stdio', '--workspace', 'https://gw.example/ws/eng'],
      },
    ],
  ])('stays where it is: %s', (_what, entry) => {
    expect(propose(entry)).toMatchObject({
      verdict: 'skip',
      reason: 'It leads to this gateway already. Leave it as it is.',
    })
  })

  it('may lead to another one', () => {
    expect(propose({ command: 'mcpgw', args: [] })).toMatchObject({
      reason: 'It leads to another gateway. Leave it as it is.',
    })
    expect(propose({ url: 'https://other.example/ws/eng' })).toMatchObject({ verdict: 'take' })
  })
})
