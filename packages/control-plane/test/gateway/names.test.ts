import { afterAll, beforeAll, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type ScriptedServer, startScripted } from '../upstreams/scripted-http.ts'
import { CLIENTS, connect } from './clients.ts'

const open = new AsyncDisposableStack()
let plane: ControlPlane
let target: { url: string; token: string }
let one: ScriptedServer
let two: ScriptedServer

const LONG = `a-tool-${'with-a-very-long-name-'.repeat(4)}`
const UNCLEAN = ['search.files', 'search/files', 'búsqueda', 'with space', `${LONG}1`, `${LONG}2`]
const CLEAN = 'plain'

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  one = open.use(
    await startScripted('legacy', { onlyMoreTools: true, moreTools: [CLEAN, 'only-one', ...UNCLEAN] }),
  )
  two = open.use(
    await startScripted('modern', { onlyMoreTools: true, moreTools: [CLEAN, 'only-two', ...UNCLEAN] }),
  )
  target = await plane.workspace('w')
  await plane.addServer('w', { name: 'one', url: one.url })
  await plane.addServer('w', { name: 'two', url: two.url })
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

async function listed(): Promise<string[]> {
  await using client = await connect({ era: 'legacy', way: 'directly', ...target })
  return await client.tools()
}

async function setPrefixes(first: string, second: string): Promise<string[]> {
  await plane.api('PATCH', '/workspaces/w/servers/one', { prefix: first })
  await plane.api('PATCH', '/workspaces/w/servers/two', { prefix: second })
  return listed()
}

const TOOLS_EACH = UNCLEAN.length + 2

it('[M14] shows every tool under a clean, short name of its own', async () => {
  for (const first of ['always', 'on-collision', 'never'])
    for (const second of ['always', 'on-collision', 'never']) {
      const names = await setPrefixes(first, second)
      expect(names).toHaveLength(2 * TOOLS_EACH)
      expect(new Set(names).size).toBe(names.length)
      for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    }
})

it('puts the server’s name before a tool always, when two collide, or never', async () => {
  const always = await setPrefixes('always', 'always')
  expect(always).toEqual(
    expect.arrayContaining(['one__plain', 'one__only-one', 'two__plain', 'two__only-two']),
  )
  const collision = await setPrefixes('on-collision', 'on-collision')
  expect(collision).toEqual(expect.arrayContaining(['one__plain', 'only-one', 'two__plain', 'only-two']))
  expect(collision).not.toContain('plain')
  const never = await setPrefixes('never', 'always')
  expect(never).toEqual(expect.arrayContaining(['plain', 'only-one', 'two__plain', 'two__only-two']))
})

it.each(CLIENTS)('leads each name to its own tool for a $era client $way', async ({ era, way }) => {
  for (const prefix of ['always', 'on-collision', 'never']) {
    const names = await setPrefixes(prefix, prefix)
    await using client = await connect({ era, way, ...target })
    const before = { one: one.heard.length, two: two.heard.length }
    const said: string[] = []
    for (const name of names) said.push((await client.call(name)).text)
    const expected = [CLEAN, ...UNCLEAN].flatMap((name) => [name, name]).concat('only-one', 'only-two')
    expect(said.sort()).toEqual(expected.map((name) => `${name} was called`).sort())
    for (const [server, count] of [
      [one, before.one],
      [two, before.two],
    ] as const)
      expect(server.heard.slice(count).filter(({ method }) => method === 'tools/call')).toHaveLength(
        TOOLS_EACH,
      )
  }
})

it('[M14] keeps all names across a restart, whichever server answers first', async () => {
  for (const prefix of ['always', 'on-collision', 'never']) {
    const before = await setPrefixes(prefix, prefix)
    await plane.kill()
    await plane.start()
    await plane.api('POST', '/workspaces/w/servers/two/check')
    await plane.api('POST', '/workspaces/w/servers/one/check')
    expect(await listed()).toEqual(before)
  }
}, 30_000)

it('tells two servers’ resources of one URI apart, and reads each from its own', async () => {
  for (const { era, way } of CLIENTS) {
    await using client = await connect({ era, way, ...target })
    const uris = await client.resources()
    expect(uris).toHaveLength(2)
    expect(new Set(uris).size).toBe(2)
    for (const [at, server] of [one, two].entries()) {
      const uri = uris[at] ?? ''
      const before = server.heard.length
      expect(await client.read(uri)).toMatchObject({ contents: [{ uri, text: 'read' }] })
      const asked = server.heard.slice(before).filter(({ method }) => method === 'resources/read')
      expect(asked).toHaveLength(1)
      expect(asked[0]?.raw).toContain('"uri":"scripted://same"')
    }
  }
})

it('passes a URI through unchanged when only one server has it', async () => {
  await plane.api('PATCH', '/workspaces/w/servers/two', { enabled: false })
  await using client = await connect({ era: 'modern', way: 'directly', ...target })
  expect(await client.resources()).toEqual(['scripted://same'])
  expect(await client.read('scripted://same')).toMatchObject({ contents: [{ uri: 'scripted://same' }] })
})

it('keeps all names when a server is gone at the restart, and sends its calls to nobody else', async () => {
  await plane.api('PATCH', '/workspaces/w/servers/two', { enabled: true })
  const before = await setPrefixes('never', 'never')
  await one[Symbol.asyncDispose]()
  await plane.kill()
  await plane.start()
  expect(await listed()).toEqual(before)
}, 30_000)
