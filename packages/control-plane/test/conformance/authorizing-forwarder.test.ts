import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, request as sendRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { openAuthorizingForwarder } from './authorizing-forwarder.ts'

describe('the authorizing forwarder', () => {
  it('adds the token and leaves every other header as it was sent', async () => {
    await using target = await openTarget((request, response) =>
      response.end(JSON.stringify(request.rawHeaders)),
    )
    await using forwarder = await openAuthorizingForwarder({ target: target.url, token: 'secret' })
    const headers = {
      Host: 'evil.example.com',
      Origin: 'http://evil.example.com',
      'X-Odd-Case': 'Kept',
      authorization: 'Basic no',
    }
    const answer = await post(forwarder.url, headers, 'body')
    const arrived: unknown = JSON.parse(await text(answer))
    expect(arrived).toEqual(
      expect.arrayContaining(['Host', 'evil.example.com', 'Origin', 'http://evil.example.com']),
    )
    expect(arrived).toEqual(expect.arrayContaining(['X-Odd-Case', 'Kept', 'Authorization', 'Bearer secret']))
    expect(arrived).not.toContain('Basic no')
  })

  it('passes path, body, status and response headers', async () => {
    await using target = await openTarget(async (request, response) => {
      const body = `${request.method} ${request.url} ${await text(request)}`
      response.writeHead(404, ['Mcp-Session-Id', 'one', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end(body)
    })
    await using forwarder = await openAuthorizingForwarder({ target: target.url, token: 'secret' })
    const answer = await post(forwarder.url, {}, 'hello')
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['mcp-session-id']).toBe('one')
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(await text(answer)).toBe('POST /mcp?x=1 hello')
  })

  it('delivers each event of a stream as it is written', async () => {
    const { promise: opened, resolve } = Promise.withResolvers<ServerResponse>()
    await using target = await openTarget((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      resolve(response)
    })
    await using forwarder = await openAuthorizingForwarder({ target: target.url, token: 'secret' })
    const answer = await post(forwarder.url, {}, '')
    const stream = await opened
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      stream.write(event)
      expect(String((await once(answer, 'data'))[0])).toBe(event)
    }
    stream.end()
    await once(answer, 'end')
  })

  it('ends the request at the target when the client leaves', async () => {
    const { promise: left, resolve } = Promise.withResolvers<void>()
    await using target = await openTarget((_request, response) => {
      response.on('close', resolve)
      response.writeHead(200).flushHeaders()
    })
    await using forwarder = await openAuthorizingForwarder({ target: target.url, token: 'secret' })
    const answer = await post(forwarder.url, {}, '')
    answer.destroy()
    await left
  })

  it('ends the client when the target breaks off', async () => {
    await using target = await openTarget((_request, response) => {
      response.writeHead(200).flushHeaders()
      response.write('half', () => response.destroy())
    })
    await using forwarder = await openAuthorizingForwarder({ target: target.url, token: 'secret' })
    await expect(post(forwarder.url, {}, '').then(text)).rejects.toThrow()
  })

  it('answers 502 when the target is not there', async () => {
    const target = await openTarget(() => undefined)
    await target[Symbol.asyncDispose]()
    await using forwarder = await openAuthorizingForwarder({ target: target.url, token: 'secret' })
    expect((await post(forwarder.url, {}, '')).statusCode).toBe(502)
  })
})

async function openTarget(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/mcp?x=1`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function post(url: string, headers: Record<string, string>, body: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  sendRequest(url, { method: 'POST', headers }, resolve).on('error', reject).end(body)
  return promise
}
