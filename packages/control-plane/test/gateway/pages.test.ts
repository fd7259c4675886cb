import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startScripted } from '../upstreams/scripted-http.ts'
import { CLIENTS, connect, type TestClient } from './clients.ts'
import { legacyText, modernText, openLegacy, postModern } from './raw-clients.ts'

const open = new AsyncDisposableStack()
const NAMES = Array.from({ length: 1_105 }, (_, at) => `tool-${at}`)
let plane: ControlPlane
let target: { url: string; token: string }

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  const options = { moreTools: NAMES, onlyMoreTools: true, pageSize: 25 }
  const legacy = open.use(await startScripted('legacy', options))
  const modern = open.use(await startScripted('modern', options))
  target = await plane.workspace('w')
  await plane.addServer('w', { name: 'one', url: legacy.url })
  await plane.addServer('w', { name: 'two', url: modern.url })
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

it('collects the pages of a server, so that none of its tools is missing', async () => {
  const { items } = await plane.api('GET', '/workspaces/w/servers')
  expect(items).toMatchObject([{ tools: NAMES.length }, { tools: NAMES.length }])
})

describe.each(CLIENTS)('a $era client $way', ({ era, way }) => {
  let client: TestClient

  beforeAll(async () => {
    client = open.use(await connect({ era, way, ...target }))
  }, 15_000)

  it('lists every tool of both servers exactly once, over several pages', async () => {
    const tools = await client.tools()
    expect(tools.length).toBe(2 * NAMES.length)
    expect(new Set(tools)).toEqual(new Set(NAMES.flatMap((name) => [`one__${name}`, `two__${name}`])))
  })

  it('calls a tool from the last page', async () => {
    expect((await client.call(`two__${NAMES.at(-1)}`)).text).toBe(`${NAMES.at(-1)} was called`)
  })
})

it('refuses a cursor that it did not hand out', async () => {
  const refusal = { error: { code: -32602, message: expect.stringContaining('cursor') } }
  const send = await openLegacy(target.url, target.token)
  expect((await send(legacyText(2, 'tools/list', '"cursor":"made up"'))).last).toMatchObject(refusal)
  const { last } = await postModern(target.url, target.token, modernText(1, 'tools/list', '"cursor":"x"'))
  expect(last).toMatchObject(refusal)
})

it('tells of a change that is only on a later page', async () => {
  const client = open.use(await connect({ era: 'legacy', way: 'directly', ...target }))
  await plane.api('PATCH', '/workspaces/w/servers/two', { tools: { deny: [NAMES.at(-1)] } })
  await expect.poll(() => client.changes, { timeout: 1_000, interval: 10 }).toContain('tools')
})
