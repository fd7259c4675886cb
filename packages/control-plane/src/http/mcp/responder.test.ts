import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ByteBudget } from '../../model/byte-budget.ts'
import { DEFAULT_LIMITS } from '../../model/limits.ts'
import type { RpcNotification } from '../../protocol/message.ts'
import { RPC } from '../../protocol/rpc-error.ts'
import { SlowReaders } from '../workspace-door/slow-readers.ts'
import { Responder } from './responder.ts'

const readers = new SlowReaders(DEFAULT_LIMITS, new ByteBudget(0))

const JSON_FIRST = 'application/json, text/event-stream'
const EVENTS_FIRST = 'text/event-stream, application/json'
const progress: RpcNotification = {
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progress: 1 },
}
const answer = { bytes: Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}') }

interface Got {
  status: number
  type: string | null
  text: string
  streams: number
}

/** What a real client gets when the responder does what the test says. */
async function get(accept: string | undefined, act: (responder: Responder) => void): Promise<Got> {
  let streams = 0
  await using server = await serve((request, response) =>
    act(new Responder(request, response, readers, () => streams++)),
  )
  const response = await fetch(server.url, {
    method: 'POST',
    ...(accept !== undefined && { headers: { accept } }),
  })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: await response.text(),
    streams,
  }
}

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const events = (text: string) =>
  [...text.matchAll(/data: (.*)\n\n/g)].map(([, data]) => JSON.parse(data ?? ''))

describe('the response to one request', () => {
  it.each([JSON_FIRST, 'application/json', undefined, '*/*'])(
    'is plain JSON where the answer is all there is: accept %s',
    async (accept) => {
      const got = await get(accept, (responder) => responder.answer(answer, 'legacy'))
      expect(got).toEqual({
        status: 200,
        type: 'application/json',
        text: answer.bytes.toString(),
        streams: 0,
      })
    },
  )

  it.each([EVENTS_FIRST, 'text/event-stream'])(
    'is an event stream where the client would rather have one: accept %s',
    async (accept) => {
      const got = await get(accept, (responder) => responder.answer(answer, 'legacy'))
      expect(got).toMatchObject({ status: 200, type: 'text/event-stream', streams: 1 })
      expect(events(got.text)).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }])
    },
  )

  it('becomes an event stream as soon as something comes before the answer, in order', async () => {
    const got = await get(JSON_FIRST, (responder) => {
      responder.send(progress)
      responder.send(progress)
      responder.answer(answer, 'modern')
    })
    expect(got).toMatchObject({ status: 200, type: 'text/event-stream', streams: 1 })
    expect(events(got.text)).toEqual([progress, progress, JSON.parse(answer.bytes.toString())])
  })

  it('leaves out what a client that takes no events could not read', async () => {
    const got = await get('application/json', (responder) => {
      expect(responder.takesEvents).toBe(false)
      responder.send(progress)
      responder.answer(answer, 'legacy')
    })
    expect(got).toMatchObject({ type: 'application/json', text: answer.bytes.toString() })
  })

  it.each([
    [RPC.methodNotFound, 404, 200],
    [RPC.headerMismatch, 400, 200],
    [RPC.unsupportedProtocolVersion, 400, 200],
    [RPC.invalidParams, 200, 200],
    [RPC.gateway, 200, 200],
  ])(
    'with error %i has status %i for modern clients and %i for legacy ones',
    async (errorCode, modern, legacy) => {
      const statusFor = async (era: 'modern' | 'legacy') =>
        (await get(JSON_FIRST, (responder) => responder.answer({ ...answer, errorCode }, era))).status
      expect(await statusFor('modern')).toBe(modern)
      expect(await statusFor('legacy')).toBe(legacy)
    },
  )

  it('may come in pieces, and arrives as one, plain or as an event', async () => {
    const text = `{"jsonrpc":"2.0","id":1,"result":{"text":"${'ä'.repeat(50_000)}"}}`
    const bytes = Buffer.from(text)
    const pieces = [bytes.subarray(0, 101), bytes.subarray(101, 60_001), bytes.subarray(60_001)]
    const plain = await get(JSON_FIRST, (responder) => responder.answer({ bytes: pieces }, 'modern'))
    expect(plain.text).toBe(text)
    const streamed = await get(EVENTS_FIRST, (responder) => responder.answer({ bytes: pieces }, 'modern'))
    expect(events(streamed.text)).toEqual([JSON.parse(text)])
  })

  it('is given once: nothing follows the answer', async () => {
    const got = await get(JSON_FIRST, (responder) => {
      responder.send(progress)
      responder.answer(answer, 'legacy')
      responder.send(progress)
      responder.answer(answer, 'legacy')
      responder.end()
    })
    expect(events(got.text)).toHaveLength(2)
  })

  it.each([
    [JSON_FIRST, 200, 'text/event-stream'],
    ['application/json', 202, null],
  ])('ends without an answer for a client that gave up: accept %s', async (accept, status, type) => {
    expect(await get(accept, (responder) => responder.end())).toMatchObject({ status, type, text: '' })
  })

  it('goes nowhere, without harm, when the client has left', async () => {
    const left = Promise.withResolvers<Responder>()
    await using server = await serve((request, response) => {
      const responder = new Responder(request, response, readers, () => {})
      responder.stream()
      response.once('close', () => left.resolve(responder))
    })
    const leaving = new AbortController()
    await fetch(server.url, { method: 'POST', headers: { accept: JSON_FIRST }, signal: leaving.signal })
    leaving.abort()
    const responder = await left.promise
    responder.send(progress)
    responder.answer(answer, 'legacy')
    responder.end()
    expect(responder.closed).toBe(true)
  })
})

it('tells once when the client can hear nothing more, unless nobody wants to know any more', async () => {
  const told: string[] = []
  const closed = Promise.withResolvers<void>()
  await using server = await serve((request, response) => {
    const responder = new Responder(request, response, readers, () => {})
    responder.onClose(() => told.push('one'))
    responder.onClose(() => told.push('two'))()
    response.once('close', () => closed.resolve())
    responder.answer(answer, 'legacy')
  })
  await (await fetch(server.url, { method: 'POST' })).text()
  await closed.promise
  expect(told).toEqual(['one'])
})
