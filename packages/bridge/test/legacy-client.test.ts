import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { expect, it } from 'vitest'
import { bridgeCommand } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { openTestGateway } from './support/test-gateway.ts'

async function connect(url: string) {
  const capabilities = { elicitation: {}, sampling: {} }
  const client = new Client({ name: 'legacy-client', version: '1.0.0' }, { capabilities })
  await client.connect(new StdioClientTransport({ ...bridgeCommand(url), stderr: 'pipe' }))
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}

const textOf = (result: unknown) => JSON.stringify(result)

it('lets a client of SDK v1 list and call the tools of a workspace', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  const { tools } = await client.listTools()
  expect(tools.map((tool) => tool.name)).toContain('echo')
  const result = await client.callTool({ name: 'echo', arguments: { value: 'häßlich \u2028 ok' } })
  expect(result.content).toEqual([{ type: 'text', text: 'häßlich \u2028 ok' }])
})

it('shows progress while a call runs', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  const seen: number[] = []
  const onprogress = ({ progress }: { progress: number }) => void seen.push(progress)
  await client.callTool({ name: 'count' }, undefined, { onprogress })
  expect(seen).toEqual([1, 2, 3])
})

it('carries questions of a server to the client and the answers back', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ada' } }))
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: 'hi' },
  }))
  expect(textOf(await client.callTool({ name: 'ask' }))).toContain('accept Ada')
  expect(textOf(await client.callTool({ name: 'sample' }))).toContain('hi')
})

it('tells the client when the tools change', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  const changed = new Promise<void>((resolve) => {
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve())
  })
  await expect.poll(() => gateway.requests.map((request) => request.verb)).toContain('GET')
  await client.callTool({ name: 'grow' })
  await changed
  expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('grown')
})

it('carries 50 calls at once, none waiting for the slow ones', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  const slow = client.callTool({ name: 'wait', arguments: { ms: 1500 } })
  const values = Array.from({ length: 50 }, (_, index) => `value ${index}`)
  const calls = values.map((value) => client.callTool({ name: 'echo', arguments: { value } }))
  const first = await Promise.race([slow, Promise.all(calls)])
  expect(textOf(first)).not.toContain('waited')
  expect((await Promise.all(calls)).map(textOf)).toEqual(
    values.map((value) => expect.stringContaining(`"${value}"`)),
  )
  expect(textOf(await slow)).toContain('waited 1500')
})

it('carries answers to questions past any number of calls that wait for them', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  const asked: (() => void)[] = []
  client.setRequestHandler(ElicitRequestSchema, async () => {
    await new Promise<void>((resolve) => asked.push(resolve))
    return { action: 'accept', content: { name: 'Ada' } }
  })
  const calls = Array.from({ length: 70 }, () => client.callTool({ name: 'ask' }))
  // As many as may wait at once; the others get their turn when these are answered.
  await expect.poll(() => asked.length).toBe(64)
  const answerAll = () => {
    for (const answer of asked.splice(0)) answer()
  }
  const answering = setInterval(answerAll, 10)
  const results = await Promise.all(calls)
  clearInterval(answering)
  expect(results.map(textOf).filter((text) => text.includes('accept Ada'))).toHaveLength(70)
})

it('tells the gateway when the client cancels a call', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  const controller = new AbortController()
  const call = client.callTool({ name: 'wait', arguments: { ms: 10_000 } }, undefined, {
    signal: controller.signal,
  })
  await expect.poll(() => gateway.requests.some((request) => request.text.includes('10000'))).toBe(true)
  controller.abort()
  await expect(call).rejects.toThrow()
  await expect
    .poll(() => gateway.requests.map((request) => request.method))
    .toContain('notifications/cancelled')
})

it('goes on after a restart of the gateway as if nothing had happened', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  await client.callTool({ name: 'echo', arguments: { value: 'before' } })
  const changed = new Promise<void>((resolve) => {
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve())
  })
  await gateway.stop()
  await gateway.start(createLegacyServer().handler)
  const result = await client.callTool({ name: 'echo', arguments: { value: 'after' } })
  expect(textOf(result)).toContain('after')
  await changed
})

it('waits for a gateway that is away for a moment', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using client = await connect(gateway.url)
  await gateway.stop()
  const call = client.callTool({ name: 'echo', arguments: { value: 'patience' } })
  await gateway.start(createLegacyServer().handler)
  expect(textOf(await call)).toContain('patience')
  expect(gateway.requests.filter((request) => request.text.includes('patience')).length).toBeLessThanOrEqual(
    2,
  )
})

it('ends the session at the gateway when the client leaves', async () => {
  const server = createLegacyServer()
  await using gateway = await openTestGateway(server.handler)
  const client = await connect(gateway.url)
  expect(server.sessions.size).toBe(1)
  await client.close()
  await expect.poll(() => server.sessions.size).toBe(0)
})
