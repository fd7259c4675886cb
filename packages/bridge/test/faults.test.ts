import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import {
  bridgeEnvironment,
  bridgeOptions,
  initializeRequest,
  modernRequest,
  startBridge,
} from './support/bridge-process.ts'
import { createJsonServer, sendJson } from './support/json-server.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { openTestGateway, type TestGateway } from './support/test-gateway.ts'
import { createToken } from './support/token.ts'

function bridgeTo(gateway: TestGateway, token?: string) {
  return startBridge(bridgeOptions(gateway.url, token))
}

const call = (id: number, name: string, values: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: values },
})

it('says what to type when nobody is logged in', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using bridge = startBridge({ args: ['stdio', '--workspace', gateway.url], env: bridgeEnvironment() })
  bridge.send(initializeRequest())
  const { error } = await bridge.answerTo(1)
  expect(error?.message).toContain(`Type: mcpgw login ${gateway.url}`)
  expect(error?.data?.reason).toBe('login_needed')
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'ping' })
  await bridge.answerTo(2)
  expect(bridge.stderr().match(/mcpgw login/g)).toHaveLength(1)
})

it('says what to type when no workspace is known', async () => {
  await using bridge = startBridge({ env: bridgeEnvironment() })
  bridge.send(modernRequest('a', 'server/discover'))
  expect((await bridge.answerTo('a')).error?.message).toContain('mcpgw login URL')
})

it('refuses a malformed token before it reaches any network', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using bridge = bridgeTo(gateway, createToken('b').replace(/.$/, '-'))
  bridge.send(initializeRequest())
  expect((await bridge.answerTo(1)).error?.data?.reason).toBe('bad_token')
})

it('answers every call of a revoked token at once, with one request each and a hint to log in', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  await bridge.answerTo(1)
  gateway.accept.clear()
  for (const id of [2, 3]) {
    bridge.send(call(id, 'echo', { value: 'x' }))
    const { error } = await bridge.answerTo(id)
    expect(error?.message).toContain(`mcpgw login ${gateway.url}`)
  }
  expect(bridge.stderr().match(/does not accept the token/g)).toHaveLength(1)
})

it('names the workspace that does not exist', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const options = bridgeOptions(`${gateway.origin}/ws/other`)
  await using bridge = startBridge(options)
  bridge.send(initializeRequest())
  expect((await bridge.answerTo(1)).error?.data?.reason).toBe('workspace_not_found')
})

it('never takes the token along to where a gateway redirects', async () => {
  await using other = await openTestGateway(createLegacyServer().handler)
  await using gateway = await openTestGateway((_request, response) => {
    response.writeHead(307, { location: other.url }).end()
  })
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  expect((await bridge.answerTo(1)).error?.message).toContain(`redirects to ${other.url}`)
  expect(other.requests).toEqual([])
})

it.each(['http://gateway.example.com/ws/demo', 'ftp://127.0.0.1/ws/demo', 'https://a:b@example.com/ws/demo'])(
  'never sends a token to %s',
  async (url) => {
    await using bridge = startBridge(bridgeOptions(url))
    bridge.send(initializeRequest())
    expect((await bridge.answerTo(1)).error?.data?.reason).toBe('usage')
  },
)

it('keeps MCPGW_TOKEN for the origin of MCPGW_WORKSPACE', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const { args, env } = bridgeOptions(gateway.url)
  const mine = 'https://gateway.example.com/ws/demo'
  await using bridge = startBridge({ args, env: { ...env, MCPGW_WORKSPACE: mine } })
  bridge.send(initializeRequest())
  expect((await bridge.answerTo(1)).error?.message).toContain(
    'MCPGW_TOKEN belongs to https://gateway.example.com',
  )
  expect(gateway.requests).toEqual([])
})

it.concurrent('gives up on initialize after some three seconds when the gateway cannot be reached', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await gateway.stop()
  await using bridge = bridgeTo(gateway)
  const startedAt = performance.now()
  bridge.send(initializeRequest())
  const { error } = await bridge.answerTo(1)
  expect(error?.message).toContain('cannot be reached (connection refused)')
  expect(performance.now() - startedAt).toBeLessThan(6_000)
})

it.concurrent('knocks a bounded number of times on a gateway that is down, streams and calls together', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  await bridge.answerTo(1)
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  await expect
    .poll(() => gateway.requests.map((request) => request.verb), { timeout: 5_000 })
    .toContain('GET')
  const port = Number(new URL(gateway.url).port)
  await gateway.stop()
  let knocks = 0
  // Whoever comes is cut off before anything can be read: a gateway that crashes as soon as it starts.
  const broken = createServer((socket) => {
    knocks += 1
    socket.on('error', () => undefined).destroy()
  }).listen(port, '127.0.0.1')
  for (let id = 10; id < 15; id += 1) bridge.send({ jsonrpc: '2.0', id, method: 'tools/list' })
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  await new Promise((resolve) => broken.close(resolve))
  // A stream may try some 8 times in ten seconds and each of the five lists 6 times.
  expect(knocks).toBeGreaterThan(5)
  expect(knocks).toBeLessThan(60)
  expect(bridge.stderr().split('\n').length).toBeLessThan(10)
  await gateway.start()
  bridge.send({ jsonrpc: '2.0', id: 20, method: 'tools/list' })
  expect((await bridge.answerTo(20)).result).toBeDefined()
})

it('never sends a tool call twice: a connection lost after sending is an error that says so', async () => {
  await using gateway = await openTestGateway(createJsonServer((_, response) => response.destroy()))
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  bridge.send(call(2, 'pay'))
  bridge.send(modernRequest(3, 'tools/call', { name: 'pay', arguments: {} }))
  for (const id of [2, 3]) {
    const { error } = await bridge.answerTo(id)
    expect(error?.data?.reason).toBe('connection_lost')
    expect(error?.message).toContain('was not sent again')
  }
  expect(gateway.requests.filter((request) => request.method === 'tools/call')).toHaveLength(2)
})

it('asks for a list again when the connection broke', async () => {
  let broken = 0
  const server = createJsonServer((message, response) => {
    broken += 1
    if (broken <= 2) response.destroy()
    else sendJson(response, 200, { jsonrpc: '2.0', id: message.id, result: { tools: [] } })
  })
  await using gateway = await openTestGateway(server)
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' })
  expect((await bridge.answerTo(2)).result).toEqual({ tools: [] })
})

it('asks an overloaded gateway for a list again, and repeats no call to it', async () => {
  let requests = 0
  const server = createJsonServer((message, response) => {
    requests += 1
    const isFine = message.method === 'tools/list' && requests > 2
    if (isFine) sendJson(response, 200, { jsonrpc: '2.0', id: message.id, result: { tools: [] } })
    else response.writeHead(503).end('overloaded')
  })
  await using gateway = await openTestGateway(server)
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  bridge.send(call(2, 'pay'))
  expect((await bridge.answerTo(2)).error?.message).toContain('HTTP 503')
  expect(requests).toBe(1)
  bridge.send({ jsonrpc: '2.0', id: 3, method: 'tools/list' })
  expect((await bridge.answerTo(3)).result).toEqual({ tools: [] })
})

it('passes on the gateway’s own JSON-RPC errors, whatever their HTTP status', async () => {
  const error = { code: -32022, message: 'Unsupported', data: { supported: ['2026-07-28'], requested: 'x' } }
  const statuses: Record<string, number> = { 'a/b': 404, 'c/d': 400, 'e/f': 500 }
  const server = createJsonServer((message, response) => {
    const isNamed = message.method !== 'c/d'
    sendJson(response, statuses[message.method ?? ''] ?? 200, {
      jsonrpc: '2.0',
      id: isNamed ? message.id : null,
      error,
    })
  })
  await using gateway = await openTestGateway(server)
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  for (const method of Object.keys(statuses)) {
    bridge.send(modernRequest(method, method))
    expect((await bridge.answerTo(method)).error).toEqual(error)
  }
})

it.each([401, 403, 404])(
  'stops asking, and says it once, when an open stream meets HTTP %i',
  async (status) => {
    let isRefusing = false
    const server = createJsonServer(() => undefined)
    await using gateway = await openTestGateway((request, response, body) => {
      if (isRefusing) {
        const error = { code: -32000, message: 'No.', data: { code: 'not_found' } }
        return sendJson(response, status, { jsonrpc: '2.0', id: null, error })
      }
      response.setHeader('mcp-session-id', 's1')
      if (request.method !== 'GET') return server(request, response, body)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n')
      setTimeout(() => {
        isRefusing = true
        response.destroy()
      }, 100)
    })
    await using bridge = bridgeTo(gateway)
    bridge.send(initializeRequest())
    bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await expect.poll(() => bridge.stderr(), { timeout: 5_000 }).toMatch(/\n$/)
    const before = gateway.requests.length
    // Long enough for two more attempts, if there were any.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(gateway.requests.length).toBe(before)
    expect(bridge.stderr().trim().split('\n')).toHaveLength(1)
    expect(bridge.stderr()).toContain('mcpgw login')
  },
)

it('opens its stream again after a login mended what refused it', async () => {
  const server = createLegacyServer()
  await using gateway = await openTestGateway(server.handler)
  const env = bridgeEnvironment()
  const logIn = async (token: string) => {
    await using login = startBridge({ args: ['login', gateway.url, '--with-token', '--json'], env })
    login.child.stdin.end(token)
    expect(await login.exited).toBe(0)
  }
  await logIn(createToken('a'))
  await using bridge = startBridge({ args: ['stdio', '--workspace', gateway.url], env })
  bridge.send(initializeRequest())
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  const streams = () => gateway.requests.filter((request) => request.verb === 'GET').length
  await expect.poll(streams, { timeout: 5_000 }).toBe(1)
  gateway.accept.clear()
  await gateway.stop()
  await gateway.start()
  await expect.poll(() => bridge.stderr(), { timeout: 5_000 }).toContain('does not accept the token')
  gateway.accept.add(createToken('c'))
  await logIn(createToken('c'))
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' })
  expect((await bridge.answerTo(2)).result).toBeDefined()
  await expect.poll(streams, { timeout: 5_000 }).toBe(2)
})

it('says so when the URL leads to a web page', async () => {
  await using gateway = await openTestGateway((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
  })
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  expect((await bridge.answerTo(1)).error?.message).toContain('answered with text/html, not MCP')
})

it('fetches an answer from where its stream broke off', async () => {
  const event = (id: string, data: string) => `id: ${id}\ndata: ${data}\n\n`
  await using gateway = await openTestGateway((request, response, body) => {
    const stream = { 'content-type': 'text/event-stream', 'mcp-session-id': 's1' }
    if (request.method === 'GET') {
      if (request.headers['last-event-id'] !== 'e1') return void response.writeHead(405).end()
      response.writeHead(200, stream)
      return void response.write(event('e2', '{"jsonrpc":"2.0","id":2,"result":{"content":[]}}'))
    }
    const message = JSON.stringify(body)
    if (message.includes('tools/call')) {
      response.writeHead(200, stream)
      return void response.write(event('e1', ''), () => response.destroy())
    }
    if (!message.includes('"id"')) return void response.writeHead(202).end()
    response.writeHead(200, stream)
    const result =
      '{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}'
    response.end(event('e0', `{"jsonrpc":"2.0","id":1,"result":${result}}`))
  })
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  bridge.send(call(2, 'long'))
  expect((await bridge.answerTo(2)).result).toEqual({ content: [] })
  expect(gateway.requests.filter((request) => request.method === 'tools/call')).toHaveLength(1)
})

it('learns the headers of a tool listed in an earlier run, and then carries the call', async () => {
  const inputSchema = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }
  await using gateway = await openTestGateway((request, response, body) => {
    const { id, method } = body as { id: number; method: string }
    if (method === 'tools/list') {
      return sendJson(response, 200, {
        jsonrpc: '2.0',
        id,
        result: { tools: [{ name: 'regional', inputSchema }] },
      })
    }
    const isMissing = request.headers['mcp-param-region'] !== 'eu'
    const error = { code: -32020, message: 'Header mismatch' }
    if (isMissing) return sendJson(response, 400, { jsonrpc: '2.0', id, error })
    sendJson(response, 200, { jsonrpc: '2.0', id, result: { content: [] } })
  })
  await using bridge = bridgeTo(gateway)
  bridge.send(modernRequest(1, 'tools/call', { name: 'regional', arguments: { region: 'eu' } }))
  expect((await bridge.answerTo(1)).result).toEqual({ content: [] })
  expect(bridge.lines).toHaveLength(1)
})

it.each([
  ['modern', modernRequest(7, 'tools/call', { name: 'pay', arguments: {} })],
  ['legacy', call(7, 'pay')],
])('forgets a call that is cancelled before the gateway could be reached (%s)', async (_, request) => {
  const server = createJsonServer((message, response) => {
    sendJson(response, 200, { jsonrpc: '2.0', id: message.id, result: {} })
  })
  await using gateway = await openTestGateway(server)
  await using bridge = bridgeTo(gateway)
  bridge.send(initializeRequest())
  await bridge.answerTo(1)
  await gateway.stop()
  bridge.send(request)
  bridge.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } })
  await gateway.start()
  bridge.send(modernRequest(8, 'tools/list'))
  await bridge.answerTo(8)
  expect(gateway.requests.map((seen) => seen.method)).toEqual(['initialize', 'tools/list'])
})

it('works again after a login, without being restarted', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const env = bridgeEnvironment()
  await using bridge = startBridge({ args: ['stdio', '--workspace', gateway.url], env })
  bridge.send(initializeRequest(1))
  expect((await bridge.answerTo(1)).error?.data?.reason).toBe('login_needed')
  await using login = startBridge({ args: ['login', gateway.url, '--with-token', '--json'], env })
  login.child.stdin.end(createToken('a'))
  expect(await login.exited).toBe(0)
  bridge.send(initializeRequest(2))
  expect((await bridge.answerTo(2)).result?.protocolVersion).toBe('2025-11-25')
})
