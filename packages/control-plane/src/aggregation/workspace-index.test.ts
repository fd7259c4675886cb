import { describe, expect, it } from 'vitest'
import type { Server } from '../model/server.ts'
import { buildIndex, type ServerOffer } from './workspace-index.ts'

function server(name: string, more: Partial<Server> = {}): Server {
  return {
    id: `id of ${name}`,
    workspaceId: 'w',
    name,
    target: { kind: 'remote', url: 'https://x.example/mcp', transport: 'auto', headers: {} },
    enabled: true,
    prefix: 'always',
    tools: {},
    isolation: 'shared',
    timeoutMs: 1_000,
    createdAt: 0,
    updatedAt: 0,
    ...more,
  }
}

function offer(of: Server, more: Partial<ServerOffer> = {}): ServerOffer {
  return { server: of, tools: [], prompts: [], resources: [], templates: [], ...more }
}

const tool = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  inputSchema: { type: 'object' },
  ...more,
})

describe('a tool', () => {
  it('is listed as its server defined it, under its shown name, and leads to its own', () => {
    const defined = tool('get', {
      title: 'T',
      annotations: { readOnlyHint: true, new: 1 },
      _meta: { x: [1] },
      icons: [],
    })
    const { tools } = buildIndex([offer(server('git'), { tools: [defined] })])
    const route = tools.get('git__get')
    expect(route).toMatchObject({ own: 'get', shown: 'git__get', readOnly: true, server: { name: 'git' } })
    expect(route?.definition).toEqual({ ...defined, name: 'git__get' })
  })

  it('is read-only only when it says so with the word true', () => {
    const hints = [
      { readOnlyHint: true },
      { readOnlyHint: 'true' },
      { readOnlyHint: 1 },
      {},
      undefined,
      'readOnlyHint',
    ]
    const tools = hints.map((annotations, at) => tool(`t${at}`, { annotations }))
    const index = buildIndex([offer(server('s', { prefix: 'never' }), { tools })])
    expect([...index.tools.values()].map(({ readOnly }) => readOnly)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ])
  })

  it('is there when the server’s selection has it, by its own name, and deny wins', () => {
    const tools = ['a', 'b', 'c'].map((name) => tool(name))
    const shown = (selection: Server['tools']) =>
      [...buildIndex([offer(server('s', { tools: selection }), { tools })]).tools.values()].map(
        ({ own }) => own,
      )
    expect(shown({})).toEqual(['a', 'b', 'c'])
    expect(shown({ allow: [] })).toEqual([])
    expect(shown({ allow: ['a', 's__b'] })).toEqual(['a'])
    expect(shown({ deny: ['b'] })).toEqual(['a', 'c'])
    expect(shown({ allow: ['a', 'b'], deny: ['a'] })).toEqual(['b'])
  })

  it('promises no tasks, and is left out where it cannot do without', () => {
    const tools = [
      tool('may', { execution: { taskSupport: 'optional' } }),
      tool('must', { execution: { taskSupport: 'required' } }),
    ]
    const { tools: routes } = buildIndex([offer(server('s'), { tools })])
    expect([...routes.keys()]).toEqual(['s__may'])
    expect(routes.get('s__may')?.definition).not.toHaveProperty('execution')
  })

  it('that its server lists twice is there once', () => {
    const tools = Array.from({ length: 5_000 }, (_, at) => tool('same', { title: `${at}` }))
    const { tools: routes } = buildIndex([offer(server('s'), { tools })])
    expect([...routes.keys()]).toEqual(['s__same'])
  })

  it('knows which arguments its headers mirror', () => {
    const inputSchema = { type: 'object', properties: { r: { type: 'string', 'x-mcp-header': 'Region' } } }
    const { tools } = buildIndex([offer(server('s'), { tools: [tool('t', { inputSchema })] })])
    expect(tools.get('s__t')?.headers).toEqual([{ header: 'mcp-param-region', path: ['r'] }])
  })

  it('and its neighbours keep the order of servers and of their lists', () => {
    const offers = ['b', 'a'].map((name) => offer(server(name), { tools: [tool('z'), tool('y')] }))
    expect([...buildIndex(offers).tools.keys()]).toEqual(['b__z', 'b__y', 'a__z', 'a__y'])
  })
})

describe('prompts and resources', () => {
  it('of two servers are told apart by name', () => {
    const offers = ['a', 'b'].map((name) =>
      offer(server(name), { prompts: [{ name: 'p', description: 'd' }] }),
    )
    const { prompts } = buildIndex(offers)
    expect([...prompts.keys()]).toEqual(['a__p', 'b__p'])
    expect(prompts.get('b__p')).toMatchObject({ own: 'p', definition: { name: 'b__p', description: 'd' } })
  })

  it('keep their URI, unless two servers have it: then each has a URI of the gateway', () => {
    const shared = 'file:///a b?c=1'
    const { resources } = buildIndex([
      offer(server('a'), { resources: [{ uri: shared, name: 'A' }, { uri: 'mine://a' }] }),
      offer(server('b'), { resources: [{ uri: shared, name: 'B' }] }),
    ])
    const uris = [...resources.keys()]
    expect(uris).toEqual([
      'mcpgw://a/file%3A%2F%2F%2Fa%20b%3Fc%3D1',
      'mine://a',
      'mcpgw://b/file%3A%2F%2F%2Fa%20b%3Fc%3D1',
    ])
    expect(resources.get(uris[2] ?? '')).toMatchObject({
      own: shared,
      server: { name: 'b' },
      definition: { uri: uris[2], name: 'B' },
    })
    for (const uri of uris) expect(URL.canParse(uri)).toBe(true)
  })

  it('that one server lists twice under one URI keep it', () => {
    const resources = [{ uri: 'x://1' }, { uri: 'x://1' }]
    expect([...buildIndex([offer(server('a'), { resources })]).resources.keys()]).toEqual(['x://1'])
  })

  it('come from templates as their servers wrote them, each once', () => {
    const templates = [
      { uriTemplate: 'x://{id}', name: 'n' },
      { uriTemplate: 'x://{id}', name: 'n' },
      { uriTemplate: 'y://{id}' },
    ]
    const index = buildIndex([offer(server('a'), { templates }), offer(server('b'), { templates })])
    expect(index.templates.map(({ server: { name }, shown }) => `${name} ${shown}`)).toEqual([
      'a x://{id}',
      'a y://{id}',
      'b x://{id}',
      'b y://{id}',
    ])
    expect(index.templates[0]?.matches('x://5')).toBe(true)
  })

  it('that only a tool points to are found, in both spellings of the link', () => {
    const tools = [
      tool('a', { _meta: { ui: { resourceUri: 'ui://one' } } }),
      tool('b', { _meta: { 'ui/resourceUri': 'ui://two' } }),
      tool('c', { _meta: { ui: { resourceUri: 5 } } }),
      tool('d', { _meta: 'none' }),
    ]
    const { linked } = buildIndex([offer(server('s'), { tools })])
    expect([...linked.keys()]).toEqual(['ui://one', 'ui://two'])
    expect(linked.get('ui://one')).toMatchObject({ own: 'ui://one', server: { name: 's' } })
  })
})

it('is empty for a workspace without servers', () => {
  expect(buildIndex([])).toEqual({
    tools: new Map(),
    prompts: new Map(),
    resources: new Map(),
    templates: [],
    linked: new Map(),
  })
})
