import { once } from 'node:events'
import { constants } from 'node:http2'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { type Gateway, type GatewayRequest, openGateway } from '../src/http/gateway.ts'
import { TransportError } from '../src/http/transport-error.ts'
import { createAuthority, hasOpenssl } from './support/certificates.ts'
import { type Http2Exchange, openHttp2Gateway } from './support/tls-gateway.ts'

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } =
  constants

const megabyte = Buffer.alloc(1024 * 1024, 'x')

// Skipped without openssl, which makes the certificates.
describe.skipIf(!hasOpenssl)('connections over HTTP/2', () => {
  const authority = createAuthority()
  const credentials = authority.issue(['localhost'])

  /** `waiting` are requests to /wait, which are answered by hand, as those to /stream, which have begun. */
  async function openWorld(more: Record<string, (exchange: Http2Exchange) => void> = {}) {
    const waiting: Http2Exchange[] = []
    const answer = (exchange: Http2Exchange) => {
      const { request, response } = exchange
      const special = more[request.url]
      if (special !== undefined) return special(exchange)
      if (request.url === '/now') return void response.end('now')
      if (request.url === '/stream') response.write('open')
      waiting.push(exchange)
    }
    const server = await openHttp2Gateway({ credentials, answer })
    const clock = { ms: 0 }
    const origin = `https://localhost:${server.port}`
    const gateway: Gateway = openGateway(origin, { caFile: authority.file }, () => clock.ms)
    const get = (path: string, extra: Partial<GatewayRequest> = {}) =>
      gateway.send({ path, method: 'GET', headers: {}, lane: 'calls', ...extra })
    return {
      server,
      waiting,
      clock,
      gateway,
      get,
      ask: async (path: string) => text((await get(path)).body),
      async [Symbol.asyncDispose]() {
        await gateway.destroy()
        await server[Symbol.asyncDispose]()
      },
    }
  }

  /** What a request or its reply failed with. */
  async function failureOf(work: Promise<unknown>): Promise<TransportError> {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error instanceof TransportError) return error
    throw new Error('It should have failed as a transport does.', { cause: error })
  }

  it.each([
    ['was refused', NGHTTP2_REFUSED_STREAM, false],
    ['broke', NGHTTP2_INTERNAL_ERROR, true],
    ['was cancelled by the other side', NGHTTP2_CANCEL, true],
  ])('knows whether a request that %s may have been seen', async (_, code, sent) => {
    await using world = await openWorld({ '/reset': ({ stream }) => stream.close(code) })
    expect((await failureOf(world.get('/reset'))).sent).toBe(sent)
    expect(await world.ask('/now')).toBe('now')
  })

  it('knows which requests a gateway that ends in an error has seen', async () => {
    await using world = await openWorld()
    const first = failureOf(world.get('/wait'))
    await expect.poll(() => world.waiting.length).toBe(1)
    const second = failureOf(world.get('/wait'))
    await expect.poll(() => world.waiting.length).toBe(2)
    const stream = world.waiting[0]?.stream
    stream?.session?.goaway(NGHTTP2_ENHANCE_YOUR_CALM, stream.id)
    expect((await first).sent).toBe(true)
    expect((await second).sent).toBe(false)
  })

  it('knows that nothing was sent where nobody listens', async () => {
    const world = await openWorld()
    await world.server[Symbol.asyncDispose]()
    const { sent, message } = await failureOf(world.get('/now'))
    expect({ sent, message }).toEqual({ sent: false, message: 'connection refused' })
    await world.gateway.destroy()
  })

  it('fails every reply when the connection is cut', async () => {
    await using world = await openWorld()
    const { body } = await world.get('/stream', { lane: 'side' })
    const stream = failureOf(text(body))
    const call = failureOf(world.get('/wait'))
    await expect.poll(() => world.waiting.length).toBe(2)
    world.server.cut()
    expect((await stream).sent).toBe(true)
    expect((await call).sent).toBe(true)
    expect(await world.ask('/now')).toBe('now')
  })

  it('knows that a request with a header HTTP/2 cannot carry was not sent', async () => {
    await using world = await openWorld()
    const { sent } = await failureOf(world.get('/now', { headers: { connection: 'close' } }))
    expect(sent).toBe(false)
    expect(await world.ask('/now')).toBe('now')
  })

  it('begins to send only once, and says so before it does', async () => {
    await using world = await openWorld()
    let started = 0
    const reply = await world.get('/now', { onStart: () => (started += 1) })
    expect(await text(reply.body)).toBe('now')
    expect(started).toBe(1)
  })

  it('does not begin what was cancelled before, and gives up at once while it connects', async () => {
    await using world = await openWorld()
    expect((await failureOf(world.get('/now', { signal: AbortSignal.abort() }))).sent).toBe(false)
    const aborting = new AbortController()
    const failure = failureOf(world.get('/now', { signal: aborting.signal }))
    aborting.abort()
    expect((await failure).sent).toBe(false)
    expect(await world.ask('/now')).toBe('now')
    expect((await failureOf(world.get('/now', { signal: AbortSignal.abort() }))).sent).toBe(false)
    expect(world.server.seen).toHaveLength(1)
  })

  it('resets the stream of a reply that is not read to its end, and no other', async () => {
    await using world = await openWorld()
    const answer = world.ask('/wait')
    const { body } = await world.get('/stream', { lane: 'side' })
    await expect.poll(() => world.waiting.length).toBe(2)
    const stream = world.waiting.find(({ request }) => request.url === '/stream')?.stream
    if (stream === undefined) throw new Error('The stream was opened.')
    const closed = once(stream, 'close')
    body.destroy()
    await closed
    expect(stream.rstCode).toBe(NGHTTP2_CANCEL)
    world.waiting.find(({ request }) => request.url === '/wait')?.response.end('late')
    expect(await answer).toBe('late')
  })

  it('follows no redirect, and shows its status and its headers', async () => {
    await using world = await openWorld({
      '/away': ({ response }) =>
        void response.writeHead(307, { Location: '/now', 'set-cookie': ['a=1', 'b=2'] }).end(),
    })
    const { status, headers, body } = await world.get('/away')
    expect(status).toBe(307)
    expect(headers).toMatchObject({ location: '/now', 'set-cookie': 'a=1' })
    expect(Object.keys(headers).filter((name) => name.startsWith(':'))).toEqual([])
    expect(await text(body)).toBe('')
    expect(world.server.seen).toHaveLength(1)
  })

  it('takes a reply that falls silent for broken, and a slow reader for slow', async () => {
    await using world = await openWorld({ '/large': ({ response }) => void response.end(megabyte) })
    const silent = await world.get('/stream', { maxSilenceMs: 300 })
    expect((await failureOf(text(silent.body))).message).toContain('silent')
    expect((await failureOf(world.get('/wait', { maxSilenceMs: 300 }))).sent).toBe(true)
    const slow = await world.get('/large', { maxSilenceMs: 300 })
    await once(slow.body, 'readable')
    // Time has to pass: nothing is asked for, so nothing comes.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect((await text(slow.body)).length).toBe(megabyte.length)
  })

  it('lets a large reply that nobody reads wait, and answers other calls meanwhile', async () => {
    let written = 0
    await using world = await openWorld({
      async '/large'({ response }) {
        for (let count = 0; count < 20; count += 1) {
          if (!response.write(megabyte)) await once(response, 'drain')
          written += 1
        }
        response.end()
      },
    })
    const { body } = await world.get('/large')
    for (let count = 0; count < 50; count += 1) expect(await world.ask('/now')).toBe('now')
    expect(written).toBeLessThan(5)
    let bytes = 0
    for await (const chunk of body) bytes += chunk.length
    expect(bytes).toBe(20 * megabyte.length)
    expect(world.server.sessions.size).toBe(1)
  })

  it('sends many large calls at once', async () => {
    await using world = await openWorld({ '/post': ({ response }) => void response.end('taken') })
    const body = JSON.stringify({ id: 1, text: 'x'.repeat(1024 * 1024) })
    const post = () => world.gateway.send({ path: '/post', method: 'POST', headers: {}, lane: 'calls', body })
    const replies = await Promise.all(Array.from({ length: 32 }, async () => text((await post()).body)))
    expect(new Set(replies)).toEqual(new Set(['taken']))
    expect(world.server.sessions.size).toBe(1)
  })

  it('trusts no connection after sleep, breaks streams off and lets a call be answered', async () => {
    await using world = await openWorld()
    const answer = world.ask('/wait')
    const { body } = await world.get('/stream', { lane: 'side' })
    const broken = failureOf(text(body))
    await expect.poll(() => world.waiting.length).toBe(2)
    world.clock.ms = 60_000
    expect(await world.ask('/now')).toBe('now')
    expect((await broken).message).toContain('slept')
    expect(world.server.sessions.size).toBe(2)
    const [before] = world.server.sessions
    if (before === undefined) throw new Error('There was a session before sleep.')
    expect(before.destroyed).toBe(false)
    const closed = once(before, 'close')
    world.waiting.find(({ request }) => request.url === '/wait')?.response.end('late')
    expect(await answer).toBe('late')
    await closed
  })

  it('ends with nothing open, whatever is under way', async () => {
    await using world = await openWorld()
    const answer = failureOf(world.get('/wait'))
    await expect.poll(() => world.waiting.length).toBe(1)
    await world.gateway.destroy()
    await answer
    expect((await failureOf(world.get('/now'))).sent).toBe(false)
    await expect.poll(() => [...world.server.sessions].every((session) => session.destroyed)).toBe(true)
  })
})
