import { expect, it } from 'vitest'
import { bridgeOptions, initializeRequest, modernRequest, startBridge } from './support/bridge-process.ts'
import { createJsonServer } from './support/json-server.ts'
import { openTestGateway } from './support/test-gateway.ts'

const bigCall =
  '{ "jsonrpc" : "2.0", "id":2, "method":"tools/call","params":{"name":"n","arguments":{"amount":12345678901234567890,"rate":1.10},"vendor":{"x":[1e400]}}}'
const bigAnswer =
  '{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"hologram","depth":9007199254740993}],"_meta":{"a/b":1.0},"extra":"\\u00e4\\n"}}'

it('hands on every byte of a message: big integers, unknown fields, spelling', async () => {
  const server = createJsonServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(bigAnswer)
  })
  await using gateway = await openTestGateway(server)
  await using bridge = startBridge(bridgeOptions(gateway.url))
  bridge.send(bigCall)
  await bridge.answerTo(2)
  expect(bridge.lines).toEqual([bigAnswer])
  expect(gateway.requests.at(-1)?.text).toBe(bigCall)
})

it('writes every message as one line, however the gateway breaks it', async () => {
  const pretty = JSON.stringify({ jsonrpc: '2.0', id: 2, result: { text: 'a\nb' } }, undefined, 2)
  const notification = '{"jsonrpc":"2.0","method":"notifications/message",\ndata: "params":{}}'
  const server = createJsonServer((message, response) => {
    if (message.id === 2) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(pretty.replaceAll('\n', '\r\n'))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': keep-alive\n\nid: 1\ndata:\n\n')
    response.end(`data: ${notification}\n\ndata: not json\n\ndata: {"jsonrpc":"2.0","id":3,"result":{}}\n\n`)
  })
  await using gateway = await openTestGateway(server)
  await using bridge = startBridge(bridgeOptions(gateway.url))
  bridge.send(modernRequest(2, 'a/b'))
  expect((await bridge.answerTo(2)).result).toEqual({ text: 'a\nb' })
  bridge.send(modernRequest(3, 'a/b'))
  await bridge.answerTo(3)
  expect(bridge.lines).toHaveLength(3)
})

it('says in headers what the body of a modern request says', async () => {
  const server = createJsonServer((message, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: {} }))
  })
  await using gateway = await openTestGateway(server)
  await using bridge = startBridge(bridgeOptions(gateway.url))
  bridge.send(modernRequest(1, 'tools/call', { name: 'a b', arguments: {} }))
  bridge.send(modernRequest(2, 'resources/read', { uri: 'file:///größe' }))
  await Promise.all([bridge.answerTo(1), bridge.answerTo(2)])
  const headersOf = (method: string) => gateway.requests.find((request) => request.method === method)?.headers
  expect(headersOf('tools/call')).toMatchObject({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'a b',
    accept: 'application/json, text/event-stream',
  })
  expect(headersOf('resources/read')?.['mcp-name']).toBe(
    `=?base64?${btoa('file:///gr\u00c3\u00b6\u00c3\u009fe')}?=`,
  )
})

it('names the session and the agreed revision after initialize, in the order of the client', async () => {
  const server = createJsonServer((message, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: {} }))
  })
  await using gateway = await openTestGateway((request, response, body) => {
    response.setHeader('mcp-session-id', 'session-1')
    server(request, response, body)
  })
  await using bridge = startBridge(bridgeOptions(gateway.url))
  bridge.send(initializeRequest())
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' })
  await bridge.answerTo(2)
  const posts = gateway.requests.filter((request) => request.verb === 'POST')
  expect(posts.map((post) => post.method)).toEqual(['initialize', 'notifications/initialized', 'tools/list'])
  expect(posts[0]?.headers['mcp-session-id']).toBeUndefined()
  for (const post of posts.slice(1)) {
    expect(post.headers).toMatchObject({
      'mcp-session-id': 'session-1',
      'mcp-protocol-version': '2025-11-25',
    })
  }
})

it('answers a line that is no message, and goes on', async () => {
  await using gateway = await openTestGateway(createJsonServer(() => undefined))
  await using bridge = startBridge(bridgeOptions(gateway.url))
  bridge.send('{"jsonrpc":"2.0",')
  expect((await bridge.next((message) => message.id === null)).error?.code).toBe(-32700)
  bridge.send(`\uFEFF${JSON.stringify(initializeRequest())}\r`)
  expect((await bridge.answerTo(1)).result).toBeDefined()
})
