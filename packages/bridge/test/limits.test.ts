import { describe, expect, it, vi } from 'vitest'
import { bridgeOptions, initializeRequest, modernRequest, startBridge } from './support/bridge-process.ts'
import { openTestGateway } from './support/test-gateway.ts'

const refusal = (id: unknown) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: {
      code: -31000,
      message: 'This token has made 600 calls within a minute.',
      data: { code: 'too_many' },
    },
  })
const BUSY = { 'content-type': 'application/json', 'retry-after': '1' }

describe('a gateway that is at its limits', () => {
  it('has a call refused once, in its own words, and sent no second time', async () => {
    await using gateway = await openTestGateway((_request, response, body) => {
      // A request of the test: it has an id.
      response.writeHead(429, BUSY).end(refusal((body as { id: number }).id))
    })
    await using bridge = startBridge(bridgeOptions(gateway.url))
    bridge.send(modernRequest(1, 'tools/call', { name: 'a', arguments: {} }))
    const { error } = await bridge.answerTo(1)
    expect(error?.message).toBe('This token has made 600 calls within a minute.')
    expect(bridge.lines).toHaveLength(1)
    expect(gateway.requests).toHaveLength(1)
  })

  it('is asked no second time about a token that it does not accept, and the client hears why', async () => {
    await using gateway = await openTestGateway((_request, response) => {
      const challenge = { 'www-authenticate': 'Bearer realm="mcpgw", error="invalid_token"' }
      response.writeHead(429, { ...BUSY, ...challenge }).end(refusal(null))
    })
    await using bridge = startBridge(bridgeOptions(gateway.url))
    bridge.send(initializeRequest(1))
    const { error } = await bridge.answerTo(1)
    expect(error?.message).toContain('does not accept the token')
    expect(error?.message).toContain('mcpgw login')
    expect(gateway.requests).toHaveLength(1)
  })

  it('may have no room for the event stream: calls go on, and it is asked again as slowly as it wishes', async () => {
    const asked: number[] = []
    await using gateway = await openTestGateway((request, response, body) => {
      if (request.method === 'GET') {
        asked.push(performance.now())
        return void response.writeHead(429, BUSY).end(refusal(null))
      }
      const { id, method } = body as { id?: number; method: string }
      if (id === undefined) return void response.writeHead(202).end()
      const result =
        method === 'initialize'
          ? { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
          : {}
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
    await using bridge = startBridge(bridgeOptions(gateway.url))
    bridge.send(initializeRequest(1))
    await bridge.answerTo(1)
    bridge.send('{"jsonrpc":"2.0","method":"notifications/initialized"}')
    await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(3), { timeout: 10_000 })
    for (const [at, time] of asked.slice(1).entries()) expect(time - (asked[at] ?? 0)).toBeGreaterThan(950)
    bridge.send('{"jsonrpc":"2.0","id":2,"method":"ping"}')
    expect((await bridge.answerTo(2)).result).toEqual({})
  })

  it('may have no room for a subscription that was open before: the client keeps it', async () => {
    let listens = 0
    await using gateway = await openTestGateway((_request, response, body) => {
      const { id } = body as { id: number }
      listens++
      if (listens > 1 && listens < 4) return void response.writeHead(429, BUSY).end(refusal(id))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const acknowledged = {
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications: { toolsListChanged: true } },
      }
      response.write(`data: ${JSON.stringify(acknowledged)}\n\n`)
      if (listens === 1) response.end()
    })
    await using bridge = startBridge(bridgeOptions(gateway.url))
    bridge.send(modernRequest(1, 'subscriptions/listen', { notifications: { toolsListChanged: true } }))
    await vi.waitFor(() => expect(bridge.lines.join()).toContain('tools/list_changed'), { timeout: 15_000 })
    expect(listens).toBe(4)
    expect(bridge.lines.join()).not.toContain('too_many')
  })
})
