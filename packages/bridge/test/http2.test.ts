import { once } from 'node:events'
import { createServer } from 'node:http'
import { constants } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import {
  type BridgeProcess,
  bridgeOptions,
  initializeRequest,
  modernRequest,
  startBridge,
} from './support/bridge-process.ts'
import { createAuthority, hasOpenssl } from './support/certificates.ts'
import { createJsonServer, sendJson } from './support/json-server.ts'
import { findNode20 } from './support/node-20.ts'
import { answerWith, type Http2Exchange, listen, openHttp2Gateway } from './support/tls-gateway.ts'

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants

const node20 = findNode20()
const nodes = [process.execPath, ...(node20 === undefined ? [] : [node20])]

const call = (id: number, name = 'echo') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: { text: 'x'.repeat(200) } },
})
const list = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/list' })

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

/** Answers calls at once and has no stream. */
function echo(exchange: Http2Exchange): void {
  if (exchange.request.method === 'GET') return void exchange.response.writeHead(405).end()
  answerWith(exchange, { echoed: exchange.message?.id })
}

const callsIn = (seen: readonly Http2Exchange[]) =>
  seen.filter(({ message }) => message?.method === 'tools/call')

async function greet(bridge: BridgeProcess): Promise<void> {
  bridge.send(initializeRequest())
  expect((await bridge.answerTo(1)).result).toBeDefined()
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
}

// Skipped without openssl, which makes the certificates.
describe.skipIf(!hasOpenssl).each(nodes)('with a gateway that offers HTTP/2 (%s)', (node) => {
  const authority = createAuthority()
  const credentials = authority.issue(['localhost', 'gateway.test'])

  function bridgeTo(url: string, extra: Record<string, string> = {}): BridgeProcess {
    const { args, env } = bridgeOptions(url)
    return startBridge({ args, node, env: { ...env, NODE_EXTRA_CA_CERTS: authority.file, ...extra } })
  }

  it.each([true, false])(
    'carries a session over one connection, HTTP/1.1 offered too: %s',
    async (allowHTTP1) => {
      await using gateway = await openHttp2Gateway({ credentials, answer: echo, allowHTTP1 })
      await using bridge = bridgeTo(gateway.url)
      await greet(bridge)
      for (const id of numbers(10, 200)) {
        bridge.send(call(id))
        expect((await bridge.answerTo(id)).result).toEqual({ echoed: id })
      }
      expect(gateway.connections()).toBe(1)
      expect(new Set(gateway.seen.map(({ request }) => request.httpVersion))).toEqual(new Set(['2.0']))
    },
  )

  it('sends the head of a request as HTTP/2 wants it', async () => {
    await using gateway = await openHttp2Gateway({ credentials, answer: echo })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    const headers = gateway.seen[0]?.request.headers ?? {}
    expect(headers).toMatchObject({
      ':method': 'POST',
      ':scheme': 'https',
      ':authority': `localhost:${gateway.port}`,
      ':path': '/ws/demo',
      'content-type': 'application/json',
      'content-length': String(JSON.stringify(initializeRequest()).length),
      authorization: expect.stringMatching(/^Bearer mcpgw_/),
    })
    for (const name of ['host', 'connection', 'keep-alive', 'transfer-encoding']) {
      expect(headers).not.toHaveProperty(name)
    }
  })

  it('carries 64 calls at once over one connection', async () => {
    const waiting: Http2Exchange[] = []
    const answer = (exchange: Http2Exchange) =>
      exchange.request.method === 'GET' ? echo(exchange) : waiting.push(exchange)
    await using gateway = await openHttp2Gateway({ credentials, answer })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    for (const id of numbers(10, 70)) bridge.send(call(id))
    await expect.poll(() => waiting.length).toBe(64)
    for (const exchange of waiting.splice(0)) echo(exchange)
    await expect.poll(() => waiting.length).toBe(6)
    for (const exchange of waiting.splice(0)) echo(exchange)
    await Promise.all(numbers(10, 70).map((id) => bridge.answerTo(id)))
    expect(gateway.connections()).toBe(1)
  })

  it('keeps to the number of streams the gateway allows at once', async () => {
    let atOnce = 0
    let most = 0
    const answer = (exchange: Http2Exchange) => {
      if (exchange.request.method === 'GET') return echo(exchange)
      atOnce += 1
      most = Math.max(most, atOnce)
      setTimeout(() => {
        atOnce -= 1
        echo(exchange)
      }, 5)
    }
    await using gateway = await openHttp2Gateway({
      credentials,
      answer,
      settings: { maxConcurrentStreams: 3 },
    })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    for (const id of numbers(10, 30)) bridge.send(call(id))
    const answers = await Promise.all(numbers(10, 30).map((id) => bridge.answerTo(id)))
    expect(answers.every(({ result }) => result !== undefined)).toBe(true)
    expect(most).toBeLessThanOrEqual(3)
    expect(callsIn(gateway.seen)).toHaveLength(30)
  })

  it('answers calls beside an open stream where the gateway allows one stream per connection', async () => {
    const answer = (exchange: Http2Exchange) => {
      if (exchange.request.method !== 'GET') return echo(exchange)
      exchange.response.writeHead(200, { 'content-type': 'text/event-stream' })
      exchange.response.write(': open\n\n')
    }
    await using gateway = await openHttp2Gateway({
      credentials,
      answer,
      settings: { maxConcurrentStreams: 1 },
    })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    await expect.poll(() => gateway.seen.some(({ request }) => request.method === 'GET')).toBe(true)
    for (const id of [10, 11, 12]) bridge.send(call(id))
    for (const id of [10, 11, 12]) expect((await bridge.answerTo(id)).result).toBeDefined()
    expect(gateway.sessions.size).toBe(2)
  })

  it('lets calls under way finish when the gateway bows out, and goes on over a new connection', async () => {
    const waiting: Http2Exchange[] = []
    const answer = (exchange: Http2Exchange) => {
      if (exchange.message?.method === 'tools/call' && gateway.sessions.size === 1) waiting.push(exchange)
      else echo(exchange)
    }
    await using gateway = await openHttp2Gateway({ credentials, answer })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    for (const id of numbers(10, 5)) bridge.send(call(id))
    await expect.poll(() => waiting.length).toBe(5)
    for (const session of gateway.sessions) session.goaway(NGHTTP2_NO_ERROR)
    // A list may be asked for again, so it tells that the word has arrived without risking anything.
    await expect
      .poll(async () => {
        bridge.send(list(50))
        await bridge.answerTo(50)
        return gateway.sessions.size
      })
      .toBe(2)
    bridge.send(call(60))
    expect((await bridge.answerTo(60)).result).toBeDefined()
    for (const exchange of waiting) echo(exchange)
    for (const id of numbers(10, 5)) expect((await bridge.answerTo(id)).result).toEqual({ echoed: id })
    expect(gateway.connections()).toBe(2)
    expect(callsIn(gateway.seen)).toHaveLength(6)
  })

  it('sends calls again that a gateway bowing out says it has not looked at', async () => {
    const executed: unknown[] = []
    const waiting: Http2Exchange[] = []
    const execute = (exchange: Http2Exchange) => {
      executed.push(exchange.message?.id)
      echo(exchange)
    }
    const answer = (exchange: Http2Exchange) => {
      if (exchange.message?.method !== 'tools/call') return echo(exchange)
      if (gateway.sessions.size > 1) return execute(exchange)
      waiting.push(exchange)
      if (waiting.length < 3) return
      exchange.stream.session?.goaway(NGHTTP2_NO_ERROR, waiting[0]?.stream.id)
      if (waiting[0] !== undefined) execute(waiting[0])
    }
    await using gateway = await openHttp2Gateway({ credentials, answer })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    for (const id of [10, 11, 12]) bridge.send(call(id))
    for (const id of [10, 11, 12]) expect((await bridge.answerTo(id)).result).toEqual({ echoed: id })
    expect(executed.toSorted()).toEqual([10, 11, 12])
    expect(gateway.connections()).toBe(2)
  })

  it('sends a refused call once more, so that it is carried out once', async () => {
    let executed = 0
    const answer = (exchange: Http2Exchange) => {
      if (exchange.message?.method !== 'tools/call') return echo(exchange)
      if (callsIn(gateway.seen).length === 1) return exchange.stream.close(NGHTTP2_REFUSED_STREAM)
      executed += 1
      echo(exchange)
    }
    await using gateway = await openHttp2Gateway({ credentials, answer })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    bridge.send(call(10))
    expect((await bridge.answerTo(10)).result).toBeDefined()
    expect(callsIn(gateway.seen)).toHaveLength(2)
    expect(executed).toBe(1)
  })

  it.each([
    ['before the answer', (exchange: Http2Exchange) => exchange.stream.close(NGHTTP2_INTERNAL_ERROR)],
    ['within the answer', breakWithin],
    ['with its connection', (exchange: Http2Exchange) => exchange.request.socket.destroy()],
  ])('never sends a call twice whose stream breaks %s', async (_, breakOff) => {
    const answer = (exchange: Http2Exchange) =>
      exchange.message?.method === 'tools/call' ? breakOff(exchange) : echo(exchange)
    await using gateway = await openHttp2Gateway({ credentials, answer })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    bridge.send(call(10, 'pay'))
    const { error } = await bridge.answerTo(10)
    expect(error?.data?.reason).toBe('connection_lost')
    expect(error?.message).toContain('was not sent again')
    bridge.send(list(11))
    expect((await bridge.answerTo(11)).result).toBeDefined()
    expect(callsIn(gateway.seen)).toHaveLength(1)
  })

  it('cancels one call and leaves the others alone', async () => {
    const waiting: Http2Exchange[] = []
    const answer = (exchange: Http2Exchange) =>
      exchange.message?.method === 'tools/call' ? waiting.push(exchange) : echo(exchange)
    await using gateway = await openHttp2Gateway({ credentials, answer })
    await using bridge = bridgeTo(gateway.url)
    const ids = [10, 11, 12]
    for (const id of ids) bridge.send(modernRequest(id, 'tools/call', { name: 'wait', arguments: {} }))
    await expect.poll(() => waiting.length).toBe(3)
    const second = waiting.find(({ message }) => message?.id === 11)
    if (second === undefined) throw new Error('The second call has arrived.')
    const cancelled = once(second.stream, 'close')
    bridge.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 11 } })
    await cancelled
    expect(second.stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
    for (const exchange of waiting) if (exchange !== second) echo(exchange)
    for (const id of [10, 12]) expect((await bridge.answerTo(id)).result).toEqual({ echoed: id })
    expect(gateway.connections()).toBe(1)
  })

  it('finds a gateway that was killed and came back', async () => {
    const gateway = await openHttp2Gateway({ credentials, answer: echo })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    await gateway[Symbol.asyncDispose]()
    bridge.send(list(9))
    await using back = await openHttp2Gateway({ credentials, answer: echo, port: gateway.port })
    expect((await bridge.answerTo(9)).result).toEqual({ echoed: 9 })
    bridge.send(call(10))
    expect((await bridge.answerTo(10)).result).toEqual({ echoed: 10 })
    expect(callsIn(back.seen)).toHaveLength(1)
  })

  it('opens a new connection without a word where the gateway closed the idle one', async () => {
    await using gateway = await openHttp2Gateway({ credentials, answer: echo })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    for (const id of [10, 11, 12]) {
      const idle = [...gateway.sessions].at(-1)
      if (idle === undefined) throw new Error('There was a request.')
      const closed = once(idle, 'close')
      idle.close()
      await closed
      bridge.send(call(id))
      expect((await bridge.answerTo(id)).result).toEqual({ echoed: id })
    }
    expect(bridge.stderr()).toBe('')
  })

  it('opens the stream of a session again when it broke', async () => {
    const streams: Http2Exchange[] = []
    const answer = (exchange: Http2Exchange) => {
      if (exchange.request.method !== 'GET') return echo(exchange)
      streams.push(exchange)
      exchange.response.writeHead(200, { 'content-type': 'text/event-stream' })
      const params = { level: 'info', data: streams.length }
      const note = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params })
      exchange.response.write(`data: ${note}\n\n`)
    }
    await using gateway = await openHttp2Gateway({ credentials, answer })
    await using bridge = bridgeTo(gateway.url)
    await greet(bridge)
    await bridge.next(({ params }) => params?.data === 1)
    streams[0]?.stream.close(NGHTTP2_INTERNAL_ERROR)
    await bridge.next(({ params }) => params?.data === 2)
    gateway.cut()
    await bridge.next(({ params }) => params?.data === 3)
  })

  it('speaks HTTP/1.1 with a gateway that knows nothing else, from the first connection on', async () => {
    const versions: string[] = []
    let connections = 0
    const server = createHttpsServer(credentials, (request, response) => {
      versions.push(request.httpVersion)
      request.resume().on('end', () => response.end('{"jsonrpc":"2.0","id":1,"result":{}}'))
      response.setHeader('content-type', 'application/json')
    }).on('secureConnection', () => {
      connections += 1
    })
    await using gateway = await listen(server)
    await using bridge = bridgeTo(`https://localhost:${gateway.port}/ws/demo`)
    bridge.send(initializeRequest())
    expect((await bridge.answerTo(1)).result).toBeDefined()
    expect(versions).toEqual(['1.1'])
    expect(connections).toBe(1)
  })

  it('follows a gateway from one version of HTTP to the other', async () => {
    const first = await openHttp2Gateway({ credentials, answer: echo })
    await using bridge = bridgeTo(first.url)
    await greet(bridge)
    await first[Symbol.asyncDispose]()
    const old = await listen(
      createHttpsServer(credentials, async (request, response) => {
        const body = await text(request)
        const server = createJsonServer(({ id }, it) => sendJson(it, 200, { jsonrpc: '2.0', id, result: {} }))
        server(request, response, body === '' ? undefined : JSON.parse(body))
      }),
      first.port,
    )
    // A list may be asked for again, should the bridge not have noticed yet that the gateway is gone.
    bridge.send(list(9))
    expect((await bridge.answerTo(9)).result).toBeDefined()
    bridge.send(call(10))
    expect((await bridge.answerTo(10)).result).toBeDefined()
    await old[Symbol.asyncDispose]()
    await using last = await openHttp2Gateway({ credentials, answer: echo, port: first.port })
    bridge.send(list(12))
    expect((await bridge.answerTo(12)).result).toBeDefined()
    bridge.send(call(11))
    expect((await bridge.answerTo(11)).result).toEqual({ echoed: 11 })
    expect(callsIn(last.seen).map(({ message }) => message?.id)).toEqual([11])
  })

  it('goes through a proxy with one tunnel', async () => {
    await using gateway = await openHttp2Gateway({ credentials, answer: echo })
    const asked: (string | undefined)[] = []
    const server = createServer().on('connect', (request, client: Socket) => {
      asked.push(request.url)
      const target = connect(gateway.port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
      target.on('error', () => client.destroy())
      client.on('error', () => undefined).on('close', () => target.destroy())
      client.pipe(target).pipe(client)
    })
    await using proxy = await listen(server)
    await using bridge = bridgeTo('https://gateway.test/ws/demo', {
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    })
    await greet(bridge)
    for (const id of numbers(10, 20)) bridge.send(call(id))
    for (const id of numbers(10, 20)) expect((await bridge.answerTo(id)).result).toEqual({ echoed: id })
    expect(asked).toEqual(['gateway.test:443'])
    expect(gateway.seen[0]?.request.headers[':authority']).toBe('gateway.test')
  })
})

function breakWithin({ response, stream }: Http2Exchange): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: {"jsonrpc":', () => stream.close(NGHTTP2_INTERNAL_ERROR))
}
