import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENTS, connect, type TestClient } from './clients.ts'
import { legacyText, modernText, openLegacy, postModern } from './raw-clients.ts'
import { KINDS, openScriptedWorkspace, type ScriptedWorkspace } from './scripted-workspace.ts'

const open = new AsyncDisposableStack()
let workspace: ScriptedWorkspace
let everything: string[]

beforeAll(async () => {
  workspace = open.use(await openScriptedWorkspace())
  await using client = await connect({ era: 'legacy', way: 'directly', ...workspace })
  everything = await client.tools()
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

/** What each token may use, told without the code under test. */
const RULES: Record<string, { rules: object; mayUse: (server: string, tool: string) => boolean }> = {
  'no rules': { rules: {}, mayUse: () => true },
  'one server': {
    rules: { servers: { allow: ['legacy-http'] } },
    mayUse: (server) => server === 'legacy-http',
  },
  'no server': { rules: { servers: { allow: [] } }, mayUse: () => false },
  'servers by pattern, less one': {
    rules: { servers: { allow: ['legacy-*'], deny: ['*-stdio'] } },
    mayUse: (server) => server === 'legacy-http' || server === 'legacy-sse',
  },
  'two tools': {
    rules: { tools: { allow: ['*/peek', 'modern-http/fail'] } },
    mayUse: (server, tool) => tool === 'peek' || (server === 'modern-http' && tool === 'fail'),
  },
  'no tool': { rules: { tools: { allow: [] } }, mayUse: () => false },
  'all but some tools': {
    rules: { tools: { deny: ['modern-*/*', 'fail'] } },
    mayUse: (server, tool) => !server.startsWith('modern-') && tool !== 'fail',
  },
  'deny over allow': {
    rules: { tools: { allow: ['*/peek'], deny: ['legacy-http/*'] } },
    mayUse: (server, tool) => tool === 'peek' && server !== 'legacy-http',
  },
  'read-only tools': {
    rules: { readOnlyTools: true },
    mayUse: (_server, tool) => tool === 'exact' || tool === 'peek',
  },
  'a shown name, which is none': {
    rules: { tools: { allow: ['legacy-http__peek'] } },
    mayUse: () => false,
  },
}

const CALLED = ['peek', 'fail']

describe.each(Object.entries(RULES))('a token with %s', (_name, { rules, mayUse }) => {
  let token: string

  beforeAll(async () => {
    token = await workspace.plane.token(workspace.slug, { rules })
  })

  const judge = (shown: string) => {
    const [server = '', tool = ''] = shown.split('__')
    return mayUse(server, tool)
  }

  it.each(CLIENTS)('lists and calls the same tools with a $era client $way', async ({ era, way }) => {
    await using client = await connect({ era, way, url: workspace.url, token })
    const listed = await client.tools()
    expect(listed).toEqual(everything.filter(judge))
    for (const kind of KINDS) {
      for (const tool of CALLED) await expectAgreement(client, `${kind}__${tool}`, listed)
    }
  })

  it('sees the same tools in the admin API', async () => {
    const { items } = await workspace.plane.api(
      'GET',
      `/workspaces/${workspace.slug}/tools?limit=500`,
      undefined,
      token,
    )
    // The shape is a part of the public contract; a wrong one fails here.
    const names = (items as { name: string }[]).map(({ name }) => name)
    expect(names.sort()).toEqual(everything.filter(judge).sort())
  })
})

async function expectAgreement(client: TestClient, shown: string, listed: string[]): Promise<void> {
  if (listed.includes(shown)) await client.call(shown)
  else await expect(client.call(shown)).rejects.toThrow(`Unknown tool: ${shown}`)
}

it('does not let a server hear of a call that its token may not make', async () => {
  const token = await workspace.plane.token(workspace.slug, { rules: { tools: { deny: ['*/fail'] } } })
  await using client = await connect({ era: 'modern', way: 'directly', url: workspace.url, token })
  for (const kind of KINDS) {
    await client.call(`${kind}__fail`, { marker: 'must not arrive' }).catch(() => {})
    await client.call(`${kind}__peek`)
    expect(workspace.heard(kind).some(({ raw }) => raw.includes('must not arrive'))).toBe(false)
  }
})

it.each([
  ['sees the other servers', { servers: { deny: ['legacy-http'] } }, 'server_denied'],
  ['sees one server', { servers: { allow: ['modern-http'] } }, 'server_not_allowed'],
  ['sees no server', { servers: { allow: [] } }, 'server_not_allowed'],
])(
  'answers what is hidden byte for byte like what does not exist, to a token that %s',
  async (_, rules, reason) => {
    const token = await workspace.plane.token(workspace.slug, { rules })
    const hidden = {
      tool: 'legacy-http__peek',
      uri: `mcpgw://legacy-http/${encodeURIComponent('scripted://same')}`,
    }
    const unknown = {
      tool: 'legacy-xxxx__peek',
      uri: `mcpgw://legacy-xxxx/${encodeURIComponent('scripted://same')}`,
    }
    const requests = ({ tool, uri }: typeof hidden): [string, string][] => [
      ['tools/call', `"name":"${tool}","arguments":{}`],
      ['prompts/get', `"name":"${tool}"`],
      ['resources/read', `"uri":"${uri}"`],
      [
        'completion/complete',
        `"ref":{"type":"ref/prompt","name":"${tool}"},"argument":{"name":"a","value":"b"}`,
      ],
      [
        'completion/complete',
        `"ref":{"type":"ref/resource","uri":"${uri}"},"argument":{"name":"a","value":"b"}`,
      ],
    ]
    const sendLegacy = await openLegacy(workspace.url, token)
    const send = {
      legacy: (method: string, params: string) => sendLegacy(legacyText(2, method, params)),
      modern: (method: string, params: string) =>
        postModern(workspace.url, token, modernText(2, method, params)),
    }
    for (const era of ['legacy', 'modern'] as const) {
      for (const [at, [method, params]] of requests(hidden).entries()) {
        const [, unknownParams = ''] = requests(unknown)[at] ?? []
        const one = await send[era](method, params)
        const other = await send[era](method, unknownParams)
        expect(one.messages, `${era} ${method}`).toHaveLength(1)
        if (method !== 'resources/read') expect(one.last.error, `${era} ${method}`).toBeDefined()
        expect(one.status).toBe(other.status)
        expect(one.messages.map((text) => text.replaceAll('legacy-http', 'legacy-xxxx'))).toEqual(
          other.messages,
        )
      }
    }
    const rowOf = async (shownAs: string) => {
      const query = `kind=call&outcome=denied&limit=200`
      const { items } = await workspace.plane.api('GET', `/workspaces/${workspace.slug}/audit?${query}`)
      const rows = items as { shownAs: string; method: string; reason: string }[]
      return rows.find((row) => row.shownAs === shownAs && row.method === 'tools/call')
    }
    expect((await rowOf(hidden.tool))?.reason).toBe(reason)
    expect((await rowOf(unknown.tool))?.reason).toBe('unknown')
  },
)

it('reads a URI that several servers could have from the first that the token may see', async () => {
  const uri = 'scripted://item/7'
  for (const kind of ['legacy-sse', 'modern-http'] as const) {
    const rules = { servers: { allow: [kind, 'modern-stdio'] } }
    const token = await workspace.plane.token(workspace.slug, { rules })
    await using client = await connect({ era: 'legacy', way: 'directly', url: workspace.url, token })
    const reads = () => workspace.heard(kind).filter(({ method }) => method === 'resources/read').length
    const before = reads()
    expect(await client.read(uri)).toMatchObject({ contents: [{ uri, text: 'read' }] })
    expect(reads()).toBe(before + 1)
  }
})

it('does not let a template open a resource that the rules deny', async () => {
  const rules = { tools: { deny: ['*/scripted://item/secret*'] } }
  const token = await workspace.plane.token(workspace.slug, { rules })
  await using client = await connect({ era: 'modern', way: 'directly', url: workspace.url, token })
  await client.read('scripted://item/open')
  await expect(client.read('scripted://item/secret-1')).rejects.toThrow('Unknown resource')
})
