import { describe, expect, it } from 'vitest'
import type { Era, Server } from '../model/server.ts'
import { buildIndex, type ServerOffer } from './workspace-index.ts'
import { createView, type ListKind, type MaySee, PAGE_SIZE, type WorkspaceView } from './workspace-view.ts'

function server(name: string): Server {
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
  }
}

const offer = (name: string, more: Partial<ServerOffer> = {}): ServerOffer => ({
  server: server(name),
  tools: [],
  prompts: [],
  resources: [],
  templates: [],
  ...more,
})
const tool = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  inputSchema: { type: 'object' },
  ...more,
})
const everything: MaySee = () => true

function viewOf(offers: ServerOffer[], maySee: MaySee = everything): WorkspaceView {
  const withResources = offers.filter(({ resources, templates }) => resources.length + templates.length > 0)
  return createView(
    buildIndex(offers),
    maySee,
    withResources.map(({ server: of }) => of),
  )
}

interface ListResult {
  [list: string]: unknown
  nextCursor?: string
}

function page(
  view: WorkspaceView,
  kind: ListKind,
  cursor?: string,
  era: Era = 'legacy',
): ListResult | undefined {
  const bytes = view.list(kind, era, cursor)
  return bytes && JSON.parse(bytes.toString())
}

function namesOf(listed: ListResult | undefined, kind: ListKind = 'tools'): string[] {
  const items = (listed?.[kind] ?? []) as { name?: string; uri?: string; uriTemplate?: string }[]
  return items.map(({ name, uri, uriTemplate }) => uri ?? uriTemplate ?? name ?? '')
}

function pages(view: WorkspaceView, kind: ListKind): ListResult[] {
  const found: ListResult[] = []
  let cursor: string | undefined
  do {
    const next = page(view, kind, cursor)
    if (next === undefined || found.length > 10) throw new Error('no end of pages')
    found.push(next)
    cursor = next.nextCursor
  } while (cursor !== undefined)
  return found
}

const manyTools = (count: number, from = 0) => Array.from({ length: count }, (_, at) => tool(`t${from + at}`))

describe('a list of 2,500 tools', () => {
  const view = viewOf([offer('a', { tools: manyTools(1_700) }), offer('b', { tools: manyTools(800) })])

  it('comes in pages that hold each tool once, in order', () => {
    const listed = pages(view, 'tools')
    expect(listed.map((one) => namesOf(one).length)).toEqual([PAGE_SIZE, PAGE_SIZE, 500])
    expect(listed.flatMap((one) => namesOf(one))).toEqual(view.visibleTools().map(({ shown }) => shown))
  })

  it('has no cursor behind its last page, nor where it ends with a full one', () => {
    expect(pages(viewOf([offer('a', { tools: manyTools(PAGE_SIZE) })]), 'tools')).toHaveLength(1)
    expect(pages(viewOf([offer('a', { tools: manyTools(PAGE_SIZE + 1) })]), 'tools')).toHaveLength(2)
    expect(page(viewOf([]), 'tools')).toEqual({ tools: [] })
  })

  it('goes on at the right place when tools came and went between two pages', () => {
    const first = page(view, 'tools')
    const changed = viewOf([
      offer('0', { tools: manyTools(5) }),
      offer('a', { tools: manyTools(1_690, 10) }),
      offer('b', { tools: manyTools(800) }),
    ])
    const second = page(changed, 'tools', first?.nextCursor)
    expect(namesOf(second).slice(0, 2)).toEqual(['a__t1000', 'a__t1001'])
  })

  it('says that a cursor is none of its own any more when the tool it named has gone', () => {
    const first = page(view, 'tools')
    const without = viewOf([offer('a', { tools: manyTools(999) }), offer('b', { tools: manyTools(800) })])
    expect(page(without, 'tools', first?.nextCursor)).toBeUndefined()
  })

  it('refuses cursors that were made up, changed, or handed out for another list', () => {
    const cursor = page(view, 'tools')?.nextCursor ?? ''
    const spellings = [`${cursor}!`, `${cursor}==`, ` ${cursor}`, `${cursor}\n`]
    const madeUp = [
      '5',
      'after',
      Buffer.from('after ').toString('base64url'),
      Buffer.from('after a nothing').toString('base64url'),
    ]
    for (const bad of [...spellings, ...madeUp]) expect(page(view, 'tools', bad)).toBeUndefined()
    expect(page(view, 'prompts', cursor)).toBeUndefined()
  })

  it('is prepared once, and the same bytes are given to everyone who asks', () => {
    const cursor = page(view, 'tools')?.nextCursor
    expect(view.list('tools', 'legacy', cursor)).toBe(view.list('tools', 'legacy', cursor))
    expect(view.list('tools', 'modern', undefined)).not.toBe(view.list('tools', 'legacy', undefined))
  })

  it('is not kept for every place in it that a client can think of', () => {
    const anywhere = Buffer.from('after a a__t5').toString('base64url')
    const first = view.list('tools', 'legacy', anywhere)
    expect(first && namesOf(JSON.parse(first.toString()))[0]).toBe('a__t6')
    expect(view.list('tools', 'legacy', anywhere)).not.toBe(first)
  })
})

it('ends also when servers have the same templates', () => {
  const templates = Array.from({ length: 900 }, (_, at) => ({ uriTemplate: `x://${at}/{id}` }))
  const view = viewOf(['a', 'b', 'c'].map((name) => offer(name, { templates })))
  const listed = pages(view, 'resourceTemplates').flatMap((one) => namesOf(one, 'resourceTemplates'))
  expect(listed).toHaveLength(2_700)
})

it('tells modern clients that a list is complete, and theirs alone', () => {
  const view = viewOf([offer('a', { tools: [tool('t')] })])
  expect(page(view, 'tools', undefined, 'modern')).toEqual({
    resultType: 'complete',
    tools: [tool('a__t')],
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': expect.objectContaining({ name: 'mcpgw' }) },
  })
  expect(page(view, 'tools', '')).toEqual({ tools: [tool('a__t')] })
})

describe('what a caller may not see', () => {
  const offers = [
    offer('open', {
      tools: [tool('read', { annotations: { readOnlyHint: true } }), tool('write')],
      prompts: [{ name: 'p' }],
      resources: [{ uri: 'shared://1' }, { uri: 'open://1' }],
      templates: [{ uriTemplate: 'both://{id}' }],
    }),
    offer('secret', {
      tools: [tool('read', { annotations: { readOnlyHint: true } })],
      prompts: [{ name: 'p' }],
      resources: [{ uri: 'shared://1' }, { uri: 'secret://1' }],
      templates: [{ uriTemplate: 'both://{id}' }, { uriTemplate: 'secret://{id}' }],
    }),
  ]
  const view = viewOf(offers, ({ server: { name }, own }) => name === 'open' && own !== 'write')

  it('is neither listed nor found', () => {
    expect(namesOf(page(view, 'tools'))).toEqual(['open__read'])
    expect(namesOf(page(view, 'prompts'), 'prompts')).toEqual(['open__p'])
    expect(namesOf(page(view, 'resources'), 'resources')).toEqual([
      'mcpgw://open/shared%3A%2F%2F1',
      'open://1',
    ])
    expect(namesOf(page(view, 'resourceTemplates'), 'resourceTemplates')).toEqual(['both://{id}'])
    expect(view.tool('open__read')?.own).toBe('read')
    for (const hidden of ['secret__read', 'open__write']) expect(view.tool(hidden)).toBeUndefined()
    expect(view.prompt('secret__p')).toBeUndefined()
    expect(view.template('secret://{id}')).toBeUndefined()
    for (const hidden of ['secret://1', 'secret://2', 'mcpgw://secret/shared%3A%2F%2F1'])
      expect(view.resource(hidden)).toBeUndefined()
  })

  it('is judged by the server and its own name, never by the name it is shown under', () => {
    const judged: string[] = []
    const watching = viewOf(offers, ({ server: { name }, own, readOnly }) => {
      judged.push(`${name} ${own} ${readOnly}`)
      return true
    })
    watching.visibleTools()
    expect(judged).toEqual(['open read true', 'open write false', 'secret read true'])
    judged.length = 0
    watching.resource('mcpgw://open/shared%3A%2F%2F1')
    expect(judged).toEqual(['open shared://1 true'])
  })

  it('does not stand before what another server offers them under the same name', () => {
    const onlySecret = viewOf(offers, ({ server: { name } }) => name === 'secret')
    expect(onlySecret.resource('both://5')).toMatchObject({ server: { name: 'secret' }, own: 'both://5' })
    expect(onlySecret.template('both://{id}')).toMatchObject({ server: { name: 'secret' } })
  })
})

describe('a resource', () => {
  const listed = { resources: [{ uri: 'x://1' }], templates: [{ uriTemplate: 'x://{id}/y' }] }

  it('is found by its URI, from a template, or where a tool points to it', () => {
    const app = tool('t', { _meta: { ui: { resourceUri: 'ui://app' } } })
    const view = viewOf([offer('a', listed), offer('b', { tools: [app], resources: [{ uri: 'b://1' }] })])
    expect(view.resource('x://1')).toMatchObject({ own: 'x://1', server: { name: 'a' } })
    expect(view.resource('x://5/y')).toMatchObject({
      own: 'x://5/y',
      shown: 'x://5/y',
      server: { name: 'a' },
    })
    expect(view.resource('ui://app')).toMatchObject({ own: 'ui://app', server: { name: 'b' } })
    expect(view.resource('x://5/z')).toBeUndefined()
  })

  it('that is listed nowhere is asked of the only server that has any', () => {
    expect(viewOf([offer('a', listed), offer('b')]).resource('other://1')).toMatchObject({
      server: { name: 'a' },
    })
    expect(viewOf([offer('a', listed), offer('b', listed)]).resource('other://1')).toBeUndefined()
    expect(viewOf([offer('a', listed)], () => false).resource('other://1')).toBeUndefined()
  })

  it('that the rules deny is not opened through a template either', () => {
    const denied = viewOf([offer('a', listed)], ({ own }) => own !== 'x://secret/y')
    expect(denied.resource('x://5/y')).toBeDefined()
    expect(denied.resource('x://secret/y')).toBeUndefined()
  })
})

describe('the fingerprint of a list', () => {
  const offers = (more: Partial<ServerOffer> = {}) => [offer('a', { tools: manyTools(1_500), ...more })]
  const print = (of: WorkspaceView) => of.fingerprint('tools')

  it('stays while nothing listed changes, and changes with anything on any page', () => {
    const before = print(viewOf(offers()))
    expect(print(viewOf(offers()))).toBe(before)
    expect(print(viewOf(offers({ prompts: [{ name: 'p' }] })))).toBe(before)
    const lastChanged = [...manyTools(1_499), tool('t1499', { description: 'new' })]
    expect(print(viewOf(offers({ tools: lastChanged })))).not.toBe(before)
    expect(print(viewOf(offers({ tools: manyTools(1_499) })))).not.toBe(before)
  })

  it('does not change for a caller who may not see what changed', () => {
    const mine: MaySee = ({ own }) => own !== 't5'
    const other = manyTools(1_500).map((one) =>
      one.name === 't5' ? tool('t5', { description: 'new' }) : one,
    )
    expect(print(viewOf(offers({ tools: other }), mine))).toBe(print(viewOf(offers(), mine)))
  })

  it('of resources changes with templates too', () => {
    const before = viewOf(offers()).fingerprint('resources')
    expect(viewOf(offers({ templates: [{ uriTemplate: 'x://{id}' }] })).fingerprint('resources')).not.toBe(
      before,
    )
  })
})
