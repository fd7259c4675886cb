import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFixture } from '../conformance/start-fixture.ts'
import { ControlPlane } from '../control-plane.ts'
import { CLIENTS, connect, type TestClient } from './clients.ts'
import { EVERYTHING, startEverything } from './everything.ts'

const open = new AsyncDisposableStack()
let url = ''
let token = ''

const LEGACY_SERVERS = ['hosted', 'http', 'sse'] as const

beforeAll(async () => {
  const plane = open.use(await ControlPlane.start())
  const [http, sse, modern] = await Promise.all([
    startEverything('streamableHttp'),
    startEverything('sse'),
    startFixture('modern'),
  ])
  for (const server of [http, sse, modern]) open.use(server)
  const workspace = await plane.workspace('four')
  url = workspace.url
  token = workspace.token
  const added = await Promise.all([
    plane.addServer('four', { name: 'hosted', command: 'node', args: [EVERYTHING, 'stdio'] }),
    plane.addServer('four', { name: 'http', url: http.url }),
    plane.addServer('four', { name: 'sse', url: sse.url }),
    plane.addServer('four', { name: 'modern', url: modern.url }),
  ])
  expect(added.map(({ status, era }) => [status, era])).toEqual([
    ['ready', 'legacy'],
    ['ready', 'legacy'],
    ['ready', 'legacy'],
    ['ready', 'modern'],
  ])
}, 30_000)

afterAll(() => open.disposeAsync(), 30_000)

describe.each(CLIENTS)('a $era client $way', ({ era, way }) => {
  let client: TestClient

  beforeAll(async () => {
    client = open.use(await connect({ era, way, url, token }))
  }, 15_000)

  it('lists the tools of all four kinds of server', async () => {
    const tools = await client.tools()
    for (const server of LEGACY_SERVERS) expect(tools).toContain(`${server}__get-sum`)
    expect(tools).toContain('modern__test_simple_text')
    expect(new Set(tools).size).toBe(tools.length)
  })

  it.each(LEGACY_SERVERS)('calls a tool of the server "%s"', async (server) => {
    const { text } = await client.call(`${server}__get-sum`, { a: 20, b: 22 })
    expect(text).toContain('42')
  })

  it('calls a tool of the modern server', async () => {
    const result = await client.call('modern__test_simple_text')
    expect(result.isError).toBe(false)
    expect(result.text).not.toBe('')
  })

  it('gets prompts of both eras', async () => {
    const prompts = await client.prompts()
    expect(prompts).toContain('modern__test_simple_prompt')
    for (const server of LEGACY_SERVERS) {
      expect(prompts).toContain(`${server}__args-prompt`)
      const got = await client.prompt(`${server}__args-prompt`, { city: 'Paris', state: 'Texas' })
      expect(JSON.stringify(got)).toContain('Paris, Texas')
    }
    expect(JSON.stringify(await client.prompt('modern__test_simple_prompt'))).toContain('"role":"user"')
  })

  it('reads resources that are listed, and those that only a template tells of', async () => {
    const resources = await client.resources()
    expect(resources).toContain('test://static-text')
    expect(JSON.stringify(await client.read('test://static-text'))).toContain('test://static-text')
    const shared = resources.filter((uri) => uri.includes('architecture.md'))
    expect(shared).toHaveLength(LEGACY_SERVERS.length)
    for (const uri of shared) expect(JSON.stringify(await client.read(uri))).toContain(uri)

    const templates = await client.templates()
    expect(templates).toContain('demo://resource/dynamic/text/{resourceId}')
    const dynamic = await client.read('demo://resource/dynamic/text/7')
    expect(JSON.stringify(dynamic)).toContain('demo://resource/dynamic/text/7')
  })

  it('completes arguments of prompts and templates', async () => {
    const prompt = { type: 'ref/prompt' as const, name: 'http__completable-prompt' }
    expect(await client.complete(prompt, 'department', 'E')).toEqual(['Engineering'])
    const template = { type: 'ref/resource' as const, uri: 'demo://resource/dynamic/text/{resourceId}' }
    expect(await client.complete(template, 'resourceId', '7')).toEqual(['7'])
  })

  it.runIf(era === 'legacy')('answers ping', async () => {
    expect(await client.v1?.ping()).toEqual({})
  })
})
