import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../model/error.ts'
import { findServers } from './find-servers.ts'
import { createKnownServers } from './known-servers.ts'
import { proposeServer } from './propose-servers.ts'
import { replacementFor } from './replacement.ts'

const URL_ENTRY = { url: 'https://mcp.example.com/mcp' }

const pathsIn = (text: string) => findServers(text).servers.map(({ path }) => path.join(' > '))

describe("a client's configuration", () => {
  it.each([
    ['Claude, Cursor and most others', { mcpServers: { a: URL_ENTRY } }, ['mcpServers > a']],
    ['VS Code', { inputs: [], servers: { a: URL_ENTRY } }, ['servers > a']],
    [
      "VS Code's settings of 2025",
      { 'editor.fontSize': 12, mcp: { servers: { a: URL_ENTRY } } },
      ['mcp > servers > a'],
    ],
    ['Zed', { theme: 'One', context_servers: { a: URL_ENTRY } }, ['context_servers > a']],
    ['opencode', { $schema: 'x', mcp: { a: { type: 'local', command: ['a'] } } }, ['mcp > a']],
    ['Amp', { 'amp.mcpServers': { a: URL_ENTRY } }, ['amp.mcpServers > a']],
    [
      'Claude Code with its projects',
      { mcpServers: { a: URL_ENTRY }, projects: { '/home/ada/shop': { mcpServers: { b: URL_ENTRY } } } },
      ['mcpServers > a', 'projects > /home/ada/shop > mcpServers > b'],
    ],
    ['a part without its container, as Warp has it', { a: URL_ENTRY, other: 1 }, ['a']],
    ['one server alone', URL_ENTRY, ['']],
  ])('is found in the JSON of %s', (_client, value, paths) => {
    expect(pathsIn(JSON.stringify(value))).toEqual(paths)
  })

  it('may have comments, trailing commas, a byte order mark, and no braces around', () => {
    expect(
      pathsIn('\ufeff// mine\n{ "mcpServers": { /* one */ "a": {"url":"https://a.example",}, }, }'),
    ).toEqual(['mcpServers > a'])
    expect(pathsIn('"mcpServers": { "a": { "url": "https://a.example" } }')).toEqual(['mcpServers > a'])
  })

  it('is found in the TOML of Codex', () => {
    const text =
      'model = "m"\n\n[mcp_servers.a] # first\nurl = "https://a.example"\n[mcp_servers."b.c"]\ncommand = "b"\n'
    expect(findServers(text)).toMatchObject({ format: 'toml' })
    expect(pathsIn(text)).toEqual(['mcp_servers > a', 'mcp_servers > b.c'])
  })

  it('is found in the YAML of goose and of Continue', () => {
    expect(
      pathsIn('extensions:\n  a:\n    type: stdio\n    cmd: a\n  developer:\n    type: builtin\n'),
    ).toEqual(['extensions > a', 'extensions > developer'])
    expect(
      pathsIn('name: x\nmcpServers:\n  - name: a\n    url: https://a.example\n  - command: b\n'),
    ).toEqual(['mcpServers > a', 'mcpServers > 2'])
  })

  it('counts, of a name that is there twice, for what the client reads: the last', () => {
    const { servers } = findServers(
      '{"mcpServers":{"a":{"url":"https://1.example"},"a":{"url":"https://2.example"}}}',
    )
    expect(servers.map(({ entry }) => entry)).toEqual([{ url: 'https://2.example' }])
  })

  it('may name a server like something every object has', () => {
    expect(
      pathsIn('{"mcpServers":{"constructor":{"url":"https://a.example"},"toString":{"command":"b"}}}'),
    ).toEqual(['mcpServers > constructor', 'mcpServers > toString'])
  })

  it.each([
    ['JSON', JSON.stringify({ mcpServers: { a: URL_ENTRY } }), 'mcpServers'],
    ['VS Code', JSON.stringify({ servers: { a: URL_ENTRY } }), 'servers'],
    ['TOML', '[mcp_servers.a]\nurl = "https://a.example"', 'mcp_servers'],
    ['YAML', 'extensions:\n  a:\n    type: sse\n    uri: https://a.example\n', 'extensions'],
    ['opencode', JSON.stringify({ mcp: { a: URL_ENTRY } }), 'mcp'],
  ])('gets one entry for the workspace in its own form: %s', (_client, text, container) => {
    const { path, text: replaced } = replacementFor(findServers(text), 'https://gw.example/ws/eng')
    expect(path).toEqual([container, 'mcpgw'])
    const again = findServers(replaced).servers
    expect(again.map((server) => server.path)).toEqual([path])
    const surroundings = { origin: 'https://gw.example', known: createKnownServers([]), isOwner: true }
    expect(again.map((server) => proposeServer(server, surroundings))).toEqual([
      { verdict: 'skip', reason: 'It leads to this gateway already. Leave it as it is.', obsolete: false },
    ])
  })
})

const CANARY = 'canary-Kq81Xw42Zt97'

function refusal(text: string): GatewayError {
  try {
    findServers(text)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('It was read.')
}

describe('a text that is none', () => {
  it.each([
    ['nothing', ' ', 'The text names no MCP servers.'],
    ['a sentence', `my key is ${CANARY}`, 'The text names no MCP servers.'],
    ['a list', `["${CANARY}"]`, 'The text names no MCP servers.'],
    ['other JSON', `{"a":"${CANARY}"}`, 'The text names no MCP servers.'],
    [
      'half of a JSON',
      `{"mcpServers":{\n"a":{"env":{"K":"${CANARY}"}}`,
      'The text is not JSON. Line 2 cannot be read: close brace expected.',
    ],
    ['broken TOML', `[mcp_servers.a]\nkey = ${CANARY} x`, 'The text is not TOML. Line 2 cannot be read.'],
    ['broken YAML', `a: "${CANARY}\nb: [`, 'The text is not YAML. Line 2 cannot be read.'],
    [
      'a key that is a prototype',
      `{"mcpServers":{"__proto__":{"url":"${CANARY}"}}}`,
      'The text holds a key named "__proto__", which no client has.',
    ],
    [
      'the same, escaped',
      `{"mcpServers":{"a":{"env":{"\\u005f_proto__":{"K":"${CANARY}"}}}}}`,
      'The text holds a key named "__proto__", which no client has.',
    ],
    [
      'the same in TOML',
      '[mcp_servers.a.env.__proto__]\nadmin = true',
      'The text holds a key named "__proto__", which no client has.',
    ],
    [
      'the same in YAML',
      'extensions:\n  a: {cmd: x, envs: {__proto__: {admin: true}}}',
      'The text holds a key named "__proto__", which no client has.',
    ],
    ['deep JSON', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, 'The text is nested deeper than 64 levels.'],
    ['JSON that never ends', '{"a":['.repeat(30_000), 'The text is nested deeper than 64 levels.'],
    ['deep TOML', `a = ${'['.repeat(10_000)}`, 'The text is not TOML. Line 1 cannot be read.'],
    ['deep YAML', `a: ${'['.repeat(50_000)}`, 'The text is not YAML. Line 1 cannot be read.'],
    ['a bomb of aliases', bomb(), 'The text is not YAML.'],
    ['a circle of aliases', 'mcpServers: &a\n  b: *a\n', 'The text is nested deeper than 64 levels.'],
    [
      'too many servers',
      JSON.stringify({
        mcpServers: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`s${n}`, URL_ENTRY])),
      }),
      'The text names more than 100 servers.',
    ],
    [
      'more than 1 MiB of JSON',
      `{"a":"${'x'.repeat(1024 * 1024)}"}`,
      'The text is longer than 1024 KiB of JSON.',
    ],
    ['more than 64 KiB of YAML', `a: ${'x'.repeat(64 * 1024)}`, 'The text is longer than 64 KiB of YAML.'],
  ])('[M27] is refused in words that quote nothing of it: %s', (_what, text, message) => {
    const error = refusal(text)
    expect(error.message).toBe(message)
    expect(error.fix).toBeDefined()
    expect(`${error.message} ${error.fix}`).not.toContain('canary')
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
  })

  it('takes no longer than any other, of the worst kinds there is room for', () => {
    const fill = (piece: string, length: number) => piece.repeat(Math.floor(length / piece.length))
    const texts = [
      `{"mcpServers":[${fill('{"a":1},', 1_000_000)}`,
      `{"mcpServers":[${fill('{"a":1},', 260_000)}`,
      ...['[', '- ', '&a ', '<<: *a\n', 'a: {\n'].map((piece) => fill(piece, 65_000)),
      ...['[[a]]\n', 'a.b.c = {}\n'].map((piece) => fill(piece, 131_000)),
    ]
    for (const text of texts) {
      const before = process.cpuUsage()
      expect(refusal(text)).toBeInstanceOf(GatewayError)
      const { user, system } = process.cpuUsage(before)
      // Well below a second each; what is quadratic takes minutes.
      expect([text.slice(0, 20), (user + system) / 1_000 < 5_000]).toEqual([text.slice(0, 20), true])
    }
  })
})

function bomb(): string {
  const levels = Array.from(
    { length: 12 },
    (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(', ')}]`,
  )
  return `l0: &l0 [x, x, x]\n${levels.join('\n')}\nmcpServers: *l12\n`
}

describe('whatever is pasted', () => {
  const known = createKnownServers([])
  const key = fc.oneof(
    fc.constantFrom(
      ...[
        'command',
        'args',
        'env',
        'url',
        'headers',
        'type',
        'transport',
        'httpUrl',
        'http_headers',
        'env_vars',
      ],
      ...[
        'bearer_token',
        'envs',
        'cmd',
        'uri',
        'enabled',
        'disabledTools',
        'apiKey',
        'constructor',
        'toString',
      ],
    ),
    fc.string(),
  )
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'npx',
      'uvx',
      'docker',
      'mcp-remote',
      '-y',
      '-e',
      '--header',
      `\${X}`,
      '$X',
      '{{X}}',
      'https://a.example/?key=b',
    ),
    fc.constantFrom(
      'run',
      'Authorization: Bearer x',
      '--',
      '=',
      ':',
      'postgres://u:p@h',
      '/x',
      '@scope/name@1.2.3',
    ),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(leaf),
      fc.array(tie('value')),
      fc.dictionary(key, tie('value')),
    ),
  }))
  const entry = fc.oneof(
    fc.dictionary(key, value),
    fc.record({ command: leaf, args: fc.array(leaf), env: fc.dictionary(key, leaf) }),
    fc.record({ url: leaf, headers: fc.dictionary(key, leaf) }),
  )

  it('becomes servers or a clear refusal, and nothing is thrown beside', () => {
    const container = fc.constantFrom(
      'mcpServers',
      'servers',
      'context_servers',
      'mcp_servers',
      'extensions',
      'mcp',
    )
    fc.assert(
      fc.property(container, fc.dictionary(fc.string(), entry), fc.boolean(), (name, servers, isOwner) => {
        for (const found of attempt(JSON.stringify({ [name]: servers }))) {
          const proposal = proposeServer(found, { origin: 'https://gw.example', known, isOwner })
          expect(['take', 'skip', 'refuse']).toContain(proposal.verdict)
          if (proposal.verdict !== 'take') expect(proposal.reason).toMatch(/\.$/)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('is no trouble as text of any kind', () => {
    const piece = fc.constantFrom(
      ...'{}[]":,\n -&*?!|>#=.\'\\'.split(''),
      'mcpServers',
      'a',
      '1',
      '- ',
      ': ',
      '\t',
      '\0',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => void attempt(pieces.join(''))),
      { numRuns: 200 },
    )
  })

  function attempt(text: string) {
    try {
      return findServers(text).servers
    } catch (error) {
      if (error instanceof GatewayError) return []
      throw error
    }
  }
})
