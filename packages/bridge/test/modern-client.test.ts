import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { expect, it } from 'vitest'
import { bridgeCommand } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { cancelled, createModernServer } from './support/modern-server.ts'
import { openTestGateway } from './support/test-gateway.ts'

type Mode = 'legacy' | 'auto' | { pin: '2026-07-28' }

const modes: readonly Mode[] = ['legacy', 'auto', { pin: '2026-07-28' }]
const modern: readonly Mode[] = ['auto', { pin: '2026-07-28' }]

async function connect(url: string, mode: Mode, options: { onToolsChanged?: () => void } = {}) {
  const { onToolsChanged } = options
  const listChanged =
    onToolsChanged === undefined
      ? {}
      : { listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: onToolsChanged } } }
  const client = new Client(
    { name: 'modern-client', version: '1.0.0' },
    { capabilities: { elicitation: {} }, versionNegotiation: { mode }, ...listChanged },
  )
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }))
  await client.connect(new StdioClientTransport({ ...bridgeCommand(url), stderr: 'pipe' }))
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}

const textOf = (result: unknown) => JSON.stringify(result)

it.each(modes)('lets a client of SDK v2 call tools of a modern workspace (mode %j)', async (mode) => {
  await using gateway = await openTestGateway(createModernServer().handler)
  await using client = await connect(gateway.url, mode)
  expect(client.getProtocolEra()).toBe(mode === 'legacy' ? 'legacy' : 'modern')
  expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('echo')
  const result = await client.callTool({ name: 'echo', arguments: { value: 'hello' } })
  expect(textOf(result)).toContain('hello')
})

it.each(['legacy', 'auto'] as const)(
  'lets a client of SDK v2 call tools of a workspace that speaks only older revisions (mode %j)',
  async (mode) => {
    await using gateway = await openTestGateway(createLegacyServer().handler)
    await using client = await connect(gateway.url, mode)
    expect(client.getProtocolEra()).toBe('legacy')
    const result = await client.callTool({ name: 'ask', arguments: {} })
    expect(textOf(result)).toContain('accept Ada')
  },
)

it.each(modern)('shows progress while a call runs (mode %j)', async (mode) => {
  await using gateway = await openTestGateway(createModernServer().handler)
  await using client = await connect(gateway.url, mode)
  const seen: number[] = []
  const onprogress = ({ progress }: { progress: number }) => void seen.push(progress)
  await client.callTool({ name: 'count', arguments: {} }, { onprogress })
  expect(seen).toEqual([1, 2, 3])
})

it.each(modern)('carries a question of the server as an input_required result (mode %j)', async (mode) => {
  await using gateway = await openTestGateway(createModernServer().handler)
  await using client = await connect(gateway.url, mode)
  expect(textOf(await client.callTool({ name: 'ask', arguments: {} }))).toContain('accept Ada')
})

it.each(modern)(
  'repeats annotated arguments in headers, which a server insists on (mode %j)',
  async (mode) => {
    await using gateway = await openTestGateway(createModernServer().handler)
    await using client = await connect(gateway.url, mode)
    const call = { name: 'regional', arguments: { region: 'Köln' } }
    expect(textOf(await client.callTool(call))).toContain('Köln')
    const sent = gateway.requests.filter((request) => request.method === 'tools/call').at(-1)
    const encoded = Buffer.from('Köln').toString('base64')
    expect(sent?.headers['mcp-param-region']).toBe(`=?base64?${encoded}?=`)
  },
)

it.each(modern)('cancels a call by closing its connection, and keeps the others (mode %j)', async (mode) => {
  await using gateway = await openTestGateway(createModernServer().handler)
  await using client = await connect(gateway.url, mode)
  const ms = mode === 'auto' ? 20_001 : 20_002
  const controller = new AbortController()
  const call = client.callTool({ name: 'wait', arguments: { ms } }, { signal: controller.signal })
  await expect.poll(() => gateway.requests.some((request) => request.text.includes(String(ms)))).toBe(true)
  controller.abort()
  await expect(call).rejects.toThrow()
  await expect.poll(() => cancelled).toContain(String(ms))
  expect(gateway.requests.map((request) => request.method)).not.toContain('notifications/cancelled')
})

it.each(modern)('tells the client when the tools change, also after a restart (mode %j)', async (mode) => {
  const changes: string[] = []
  const first = createModernServer()
  await using gateway = await openTestGateway(first.handler)
  await using _client = await connect(gateway.url, mode, { onToolsChanged: () => void changes.push('tools') })
  await expect.poll(() => gateway.requests.map((request) => request.method)).toContain('subscriptions/listen')
  first.notify.toolsChanged()
  await expect.poll(() => changes.length).toBe(1)

  await first.close()
  await gateway.stop()
  const second = createModernServer()
  await gateway.start(second.handler)
  await expect.poll(() => changes.length, { timeout: 8_000 }).toBe(2)
  second.notify.toolsChanged()
  await expect.poll(() => changes.length).toBe(3)
})
