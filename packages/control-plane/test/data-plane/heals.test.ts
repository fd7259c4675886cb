import { afterAll, beforeAll, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startHttp } from '../resilience/small-upstream.ts'

const open = new AsyncDisposableStack()
let plane: ControlPlane

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
})

afterAll(() => open.disposeAsync())

it('keeps trying to reach a server that is down, with nobody asking', async () => {
  const tries: number[] = []
  await using upstream = await startHttp((_request, response) => {
    tries.push(performance.now())
    response.writeHead(503).end()
  })
  await plane.workspace('down')
  await plane.api('POST', '/workspaces/down/servers', { name: 's', url: upstream.url })
  await expect.poll(() => tries.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(5)
})

it('lists again by itself when a server failed to list at first', async () => {
  let lists = 0
  await using upstream = await startHttp(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString())
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'tools/list' && ++lists === 1) return void response.writeHead(500).end()
    const result =
      method === 'tools/list'
        ? { tools: [{ name: 'late', inputSchema: { type: 'object' } }] }
        : {
            protocolVersion: '2025-06-18',
            capabilities: { tools: {} },
            serverInfo: { name: 't', version: '1' },
          }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  await plane.workspace('slow-start')
  await plane.api('POST', '/workspaces/slow-start/servers', { name: 's', url: upstream.url })
  const tools = async () => (await plane.api('GET', '/workspaces/slow-start/servers/s')).tools
  await expect.poll(tools, { timeout: 10_000 }).toBe(1)
})
