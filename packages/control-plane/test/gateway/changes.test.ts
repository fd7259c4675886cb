import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type ScriptedServer, startScripted } from '../upstreams/scripted-http.ts'
import { CLIENTS, connect, type TestClient } from './clients.ts'
import { KINDS, openScriptedWorkspace, type ScriptedWorkspace } from './scripted-workspace.ts'

/** What the project promises between a change and the news of it. */
const TOLD_WITHIN_MS = 2_000

/** Connects one client of each era on each way. */
async function connectAll(
  open: AsyncDisposableStack,
  target: { url: string; token: string },
): Promise<TestClient[]> {
  return Promise.all(CLIENTS.map(async ({ era, way }) => open.use(await connect({ era, way, ...target }))))
}

/** Forgets the news so far, runs the change, and waits until every client has heard of its tools. */
async function toldOf(clients: TestClient[], change: () => Promise<unknown>): Promise<void> {
  for (const client of clients) client.changes.length = 0
  await change()
  const untold = () => clients.flatMap(({ changes }, at) => (changes.includes('tools') ? [] : [CLIENTS[at]]))
  await expect.poll(untold, { timeout: TOLD_WITHIN_MS, interval: 10 }).toEqual([])
}

describe('connected clients of both eras, directly and through the bridge,', () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let legacy: ScriptedServer
  let modern: ScriptedServer
  let hidden: ScriptedServer
  let clients: TestClient[]
  let blind: TestClient[]

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    legacy = open.use(await startScripted('legacy', { resourceUri: 'scripted://legacy' }))
    modern = open.use(await startScripted('modern', { resourceUri: 'scripted://modern' }))
    hidden = open.use(await startScripted('legacy', { resourceUri: 'scripted://hidden' }))
    const { url, token } = await plane.workspace('w')
    await plane.addServer('w', { name: 'first', url: legacy.url })
    clients = await connectAll(open, { url, token })
    const rules = { servers: { deny: ['hidden*'] }, tools: { deny: ['*/exact'] } }
    blind = await connectAll(open, { url, token: await plane.token('w', { rules }) })
  }, 30_000)

  afterAll(() => open.disposeAsync(), 15_000)

  const listsOf = (tool: string) =>
    Promise.all(clients.map(async (client) => (await client.tools()).includes(tool)))
  const all = (value: boolean) => CLIENTS.map(() => value)

  it.each([
    ['legacy', () => legacy],
    ['modern', () => modern],
  ] as const)(
    'are told within a second when a %s server comes, pauses, returns and goes',
    async (name, server) => {
      await toldOf(clients, () => plane.api('POST', '/workspaces/w/servers', { name, url: server().url }))
      expect(await listsOf(`${name}__exact`)).toEqual(all(true))
      for (const client of clients) expect((await client.call(`${name}__fail`)).isError).toBe(true)

      const path = `/workspaces/w/servers/${name}`
      await toldOf(clients, () => plane.api('PATCH', path, { enabled: false }))
      expect(await listsOf(`${name}__exact`)).toEqual(all(false))
      for (const client of clients) await expect(client.call(`${name}__fail`)).rejects.toThrow(/Unknown tool/)

      await toldOf(clients, () => plane.api('PATCH', path, { enabled: true }))
      expect(await listsOf(`${name}__exact`)).toEqual(all(true))

      await toldOf(clients, () => plane.api('DELETE', path))
      expect(await listsOf(`${name}__exact`)).toEqual(all(false))
      expect(await listsOf('first__exact')).toEqual(all(true))
    },
  )

  it('are told when a server is shown under other names, or fewer of its tools', async () => {
    const path = '/workspaces/w/servers/first'
    await toldOf(clients, () => plane.api('PATCH', path, { prefix: 'never' }))
    expect(await listsOf('exact')).toEqual(all(true))
    await toldOf(clients, () => plane.api('PATCH', path, { prefix: 'always', tools: { deny: ['exact'] } }))
    expect(await listsOf('first__exact')).toEqual(all(false))
    await toldOf(clients, () => plane.api('PATCH', path, { tools: {} }))
    expect(await listsOf('first__exact')).toEqual(all(true))
  })

  it('are not told of a server that their token may not see', async () => {
    await toldOf(blind, () => plane.api('POST', '/workspaces/w/servers', { name: 'seen', url: modern.url }))
    for (const client of blind) client.changes.length = 0
    await toldOf(clients, () =>
      plane.api('POST', '/workspaces/w/servers', { name: 'hidden', url: hidden.url }),
    )
    await toldOf(clients, () => plane.api('PATCH', '/workspaces/w/servers/hidden', { enabled: false }))
    await plane.api('DELETE', '/workspaces/w/servers/hidden')
    // Their token denies this tool anyway.
    await toldOf(clients, () =>
      plane.api('PATCH', '/workspaces/w/servers/seen', { tools: { deny: ['exact'] } }),
    )
    expect(blind.map(({ changes }) => changes)).toEqual(CLIENTS.map(() => []))
    await toldOf(blind, () => plane.api('DELETE', '/workspaces/w/servers/seen'))
  })
})

describe('when a server says that its own list has changed,', () => {
  const open = new AsyncDisposableStack()
  let workspace: ScriptedWorkspace
  let clients: TestClient[]

  beforeAll(async () => {
    workspace = open.use(await openScriptedWorkspace())
    clients = await connectAll(open, workspace)
  }, 30_000)

  afterAll(() => open.disposeAsync(), 15_000)

  it.each(KINDS)('all clients are told, and list the new tool of %s', async (kind) => {
    await toldOf(clients, async () => clients[0]?.call(`${kind}__grow`))
    for (const client of clients) expect(await client.tools()).toContain(`${kind}__grown-1`)
    for (const client of clients)
      expect((await client.call(`${kind}__grown-1`)).text).toBe('grown-1 was called')
  })
})

describe('a server that looks long for its resources', () => {
  const open = new AsyncDisposableStack()
  const found = Promise.withResolvers<void>()
  let clients: TestClient[]

  beforeAll(async () => {
    const plane = open.use(await ControlPlane.start())
    const slow = open.use(await startScripted('legacy', { resourcesAfter: found.promise }))
    const target = await plane.workspace('w')
    clients = await connectAll(open, target)
    const added = await plane.addServer('w', { name: 'slow', url: slow.url })
    expect(added).toMatchObject({ status: 'ready' })
  }, 30_000)

  afterAll(() => open.disposeAsync(), 15_000)

  it('has its tools at once, and every client is told when the resources come', async () => {
    for (const client of clients) {
      expect((await client.call('slow__release')).text).toBe('released')
      expect(await client.resources()).toEqual([])
      client.changes.length = 0
    }
    found.resolve()
    for (const client of clients) {
      await expect
        .poll(() => client.changes, { timeout: TOLD_WITHIN_MS, interval: 10 })
        .toContain('resources')
      expect(client.changes).not.toContain('tools')
      expect(await client.resources()).toEqual(['scripted://same'])
    }
  })
})
