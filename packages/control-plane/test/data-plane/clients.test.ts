import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { legacyText, openLegacy } from '../gateway/raw-clients.ts'
import { answerJson, answerText, type Call, startHttp, startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { scriptedProcess } from '../upstreams/scripted-process.ts'

const open = new AsyncDisposableStack()
let plane: ControlPlane

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
})

afterAll(() => open.disposeAsync())

const post = (url: string, headers: Record<string, string>, message: object) =>
  fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(message),
  })

describe('a client that is not meant well', () => {
  it('cannot have a process started for each capability it makes up', async () => {
    using process = scriptedProcess('legacy')
    const { url, token } = await plane.workspace('processes')
    const { command, args } = process
    await plane.addServer('processes', { name: 's', command, args })
    const initialized = () => process.heard().filter(({ method }) => method === 'initialize').length
    const before = initialized()
    for (let n = 0; n < 5; n++) {
      const send = await openLegacy(url, token, `{"elicitation":{"made-up-${n}":{}}}`)
      await send(legacyText(2, 'tools/call', '"name":"s__fail"'))
    }
    expect(initialized() - before).toBeLessThanOrEqual(1)
  })

  it('cannot fill the memory with what it says of itself', async () => {
    const { url, token } = await plane.workspace('memory')
    const send = (capabilities: object) =>
      post(
        url,
        { authorization: `Bearer ${token}` },
        {
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'c', version: '1' } },
        },
      )
    const response = await send({ elicitation: { form: {}, ['x'.repeat(1_000_000)]: {} } })
    expect(response.headers.get('mcp-session-id')?.length).toBeLessThan(1_000)
  })

  it('cannot send thousands of calls in one body', async () => {
    const { url, token } = await plane.workspace('batch')
    const headers = { authorization: `Bearer ${token}` }
    const params = {
      protocolVersion: '2025-03-26',
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
    }
    const first = await post(url, headers, { jsonrpc: '2.0', id: 1, method: 'initialize', params })
    const session = { ...headers, 'mcp-session-id': first.headers.get('mcp-session-id') ?? '' }
    const pings = (count: number) =>
      Array.from({ length: count }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))
    expect((await post(url, session, pings(100))).status).toBe(200)
    expect((await post(url, session, pings(101))).status).toBe(400)
  })
})

describe('a server', () => {
  it('cannot answer a request of another one with a second id', async () => {
    await using upstream = await startSmall(['spoof'], ({ id, response }: Call) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"jsonrpc":"2.0","id":${id},"result":{"content":[]},"id":777}`)
    })
    const { url, token } = await plane.workspace('spoof')
    await plane.addServer('spoof', { name: 's', url: upstream.url })
    const client = await WireClient.open(url, token)
    const { body } = await client.send('tools/call', { name: 's__spoof', arguments: {} })
    expect(body.id).not.toBe(777)
  })

  it('that leaves its streams open after each answer does not run out of connections', async () => {
    let streams = 0
    await using upstream = await startSmall(['linger'], ({ id, response }) => {
      streams++
      response.once('close', () => streams--)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: {"jsonrpc":"2.0","id":${id},"result":{"content":[]}}\n\n`)
    })
    const { url, token } = await plane.workspace('linger')
    await plane.addServer('linger', { name: 's', url: upstream.url })
    const client = await WireClient.open(url, token)
    for (let call = 0; call < 5; call++) await client.send('tools/call', { name: 's__linger', arguments: {} })
    await expect.poll(() => streams, { timeout: 5_000 }).toBe(0)
  })

  it('that forgot its session and says 400 gets a new one for the next call', async () => {
    let sessions = 0
    let known = ''
    await using upstream = await startHttp(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      if (request.method !== 'POST') return void response.writeHead(405).end()
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString())
      if (method === 'server/discover') return void response.writeHead(400).end()
      if (method === 'initialize') {
        known = `s${++sessions}`
        response.setHeader('mcp-session-id', known)
        const serverInfo = { name: 't', version: '1' }
        const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo }
        return answerJson(response, { jsonrpc: '2.0', id, result })
      }
      if (request.headers['mcp-session-id'] !== known) return void response.writeHead(400).end()
      if (id === undefined) return void response.writeHead(202).end()
      if (method === 'tools/call') return answerText({ id, response }, `session ${sessions}`)
      answerJson(response, {
        jsonrpc: '2.0',
        id,
        result: { tools: [{ name: 'which', inputSchema: { type: 'object' } }] },
      })
    })
    const { url, token } = await plane.workspace('forgets')
    await plane.addServer('forgets', { name: 's', url: upstream.url })
    const client = await WireClient.open(url, token)
    await client.call('s__which')
    known = 'restarted'
    await client.call('s__which').catch(() => {})
    expect(await client.call('s__which')).toMatch(/^session \d+$/)
  })
})
