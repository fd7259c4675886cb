import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { startTiny, type Tiny } from './tiny-upstream.ts'

const open = new AsyncDisposableStack()
let one: ControlPlane
let two: ControlPlane
let leaf: Tiny
let calls = 0

let publicUrl = ''

beforeAll(async () => {
  const everywhere = { allowUpstreams: ['0.0.0.0/0', '::/0'] }
  // The program says where it is ready by its public URL: with its port there, that is where it listens too.
  const port = await freePort()
  publicUrl = `http://gateway.example:${port}`
  ;[one, two] = await Promise.all([
    ControlPlane.start({
      ...everywhere,
      args: ['--host', '0.0.0.0', '--port', port, '--public-url', publicUrl],
    }),
    ControlPlane.start(everywhere),
  ])
  open.use(one)
  open.use(two)
  leaf = open.use(
    await startTiny('modern', {
      tools: ['work'],
      onCall: (call) => {
        calls++
        call.replyText('worked')
      },
    }),
  )
})

afterAll(() => open.disposeAsync())

/** Makes a workspace of one gateway a server in a workspace of another, or of the same. */
async function chain(from: ControlPlane, slug: string, name: string, url: string, token: string) {
  await from.api('POST', `/workspaces/${slug}/servers`, {
    name,
    url,
    headers: { Authorization: 'Bearer {{TOKEN}}' },
  })
  await from.api('PUT', `/workspaces/${slug}/servers/${name}/credential`, { values: { TOKEN: token } })
  return from.api('POST', `/workspaces/${slug}/servers/${name}/check`)
}

const LOOP = {
  status: 'failing',
  error: {
    code: 'upstream_refused',
    message: expect.stringContaining('leads back to the workspace that uses it'),
    fix: expect.stringContaining('Remove this server'),
  },
}

describe('[M9] a gateway', () => {
  it('is no server of its own workspaces at any address that is its own, whatever is allowed', async () => {
    await one.workspace('own')
    const port = new URL(one.url).port
    const addresses = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .filter(({ family }) => family === 'IPv4')
      .map(({ address }) => address)
    expect(addresses.length).toBeGreaterThan(0)
    const hosts = [
      '127.0.0.1',
      '127.0.0.2',
      'localhost',
      '0.0.0.0',
      '[::1]',
      '[::ffff:127.0.0.1]',
      ...addresses,
    ]
    for (const url of [...hosts.map((host) => `http://${host}:${port}/ws/own`), `${publicUrl}/ws/own`]) {
      const { status, body } = await one.tryApi('POST', '/workspaces/own/servers', { name: 'self', url })
      expect([url, status, body.code]).toEqual([url, 400, 'invalid_request'])
      expect(body.detail).toContain('leads back to this gateway')
    }
  })

  it('may stand behind another one: a chain of two works', async () => {
    const inner = await two.workspace('inner')
    await two.addServer('inner', { name: 'leaf', url: leaf.url })
    const outer = await one.workspace('outer')
    expect(await chain(one, 'outer', 'two', inner.url, inner.token)).toMatchObject({
      status: 'ready',
      tools: 1,
    })
    const client = await WireClient.open(outer.url, outer.token)
    expect(await client.tools()).toEqual(['two__leaf__work'])
    expect(await client.call('two__leaf__work')).toBe('worked')
  })

  it('is told so when two of them are made servers of one another, and their lists do not grow', async () => {
    const a = await one.workspace('a')
    const b = await two.workspace('b')
    await one.addServer('a', { name: 'leaf', url: leaf.url })
    expect(await chain(one, 'a', 'to-b', b.url, b.token)).toMatchObject({ status: 'ready' })
    expect(await chain(two, 'b', 'to-a', a.url, a.token)).toMatchObject(LOOP)
    const client = await WireClient.open(a.url, a.token)
    expect((await client.tools()).toSorted()).toEqual(['leaf__work'])
    // One link of the two is cut; the other goes on, also when it is looked at again.
    expect(await one.api('POST', '/workspaces/a/servers/to-b/check')).toMatchObject({
      status: 'ready',
      tools: 0,
    })
  })

  it('finds itself behind a name or proxy it does not know, over its own workspaces and others', async () => {
    const proxy = open.use(await startProxy(one.url))
    const [w1, w2] = [await one.workspace('w1'), await one.workspace('w2')]
    const far = await two.workspace('far')
    // At once, at the first request.
    expect(await chain(one, 'w1', 'self', `${proxy.url}/ws/w1`, w1.token)).toMatchObject(LOOP)
    // w1 -> w2 -> far -> w1: each link is good until the last closes the ring.
    await one.addServer('w1', { name: 'leaf', url: leaf.url })
    expect(await chain(one, 'w1', 'next', `${proxy.url}/ws/w2`, w2.token)).toMatchObject({ status: 'ready' })
    expect(await chain(one, 'w2', 'next', far.url, far.token)).toMatchObject({ status: 'ready' })
    await one.api('POST', '/workspaces/w1/servers/next/check')
    await one.api('POST', '/workspaces/w2/servers/next/check')
    expect(await chain(two, 'far', 'next', `${proxy.url}/ws/w1`, w1.token)).toMatchObject(LOOP)
    expect(await (await WireClient.open(w1.url, w1.token)).tools()).toEqual(['leaf__work'])
  })

  it('lets no call go round that was possible before the ring was closed', async () => {
    const c = await one.workspace('c')
    const d = await two.workspace('d')
    await two.addServer('d', { name: 'leaf', url: leaf.url })
    // Both are looked at for the first time at once: each may list the other before either knows.
    await Promise.all([chain(one, 'c', 'd', d.url, d.token), chain(two, 'd', 'c', c.url, c.token)])
    const client = await WireClient.open(c.url, c.token)
    const before = calls
    for (const name of ['d__leaf__work', 'd__c__d__leaf__work', 'd__c__d__c__d__leaf__work'])
      await client.send('tools/call', { name, arguments: {} })
    expect(calls - before).toBeLessThanOrEqual(1)
    const longest = Math.max(...(await client.tools()).map((name) => name.split('__').length))
    for (const [plane, path] of [
      [one, '/workspaces/c/servers/d/check'],
      [two, '/workspaces/d/servers/c/check'],
      [one, '/workspaces/c/servers/d/check'],
    ] as const)
      await plane.api('POST', path)
    const now = await client.tools()
    expect(Math.max(...now.map((name) => name.split('__').length))).toBeLessThanOrEqual(Math.max(longest, 4))
    expect(now.length).toBeLessThanOrEqual(2)
  })

  it('takes no header of a client for more than a way that was come', async () => {
    const { url, token } = await one.workspace('odd')
    await one.addServer('odd', { name: 'leaf', url: leaf.url })
    for (const hops of ['', ',', 'x'.repeat(8_000), '0123456789abcdef,'.repeat(400), '\u00ff', '__proto__']) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'mcpgw-hops': hops },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      })
      expect(response.status).toBeLessThan(500)
    }
    expect(await one.api('POST', '/workspaces/odd/servers/leaf/check')).toMatchObject({ status: 'ready' })
  })
})

async function freePort(): Promise<string> {
  const taken = await startTiny('legacy', { tools: [] })
  await taken[Symbol.asyncDispose]()
  return String(taken.port)
}

/** Passes everything on to another origin, as a proxy does whose name the gateway was never told. */
async function startProxy(target: string): Promise<Tiny> {
  const { port: to } = new URL(target)
  const server = createServer((request, response) => {
    const onward = httpRequest(
      { host: '127.0.0.1', port: to, path: request.url, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
