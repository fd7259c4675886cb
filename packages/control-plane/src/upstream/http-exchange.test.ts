import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { expect, it } from 'vitest'
import { ByteBudget } from '../model/byte-budget.ts'
import { HttpExchange } from './http-exchange.ts'

interface Heard {
  messages: string[]
  events: (string | undefined)[]
  ended: { status: number; body: string } | Error
}

/** A real server that answers as told, and what one exchange with it comes to. */
async function exchange(
  answer: (response: ServerResponse) => void,
  options: { maxBytes?: number; starting?: () => void; onMessage?: (exchange: HttpExchange) => void } = {},
): Promise<Heard> {
  await using server = await listen((_request, response) => answer(response))
  const heard: Omit<Heard, 'ended'> = { messages: [], events: [] }
  const ended = await new Promise<Heard['ended']>((resolve) => {
    const running = new HttpExchange(
      {
        ...(options.starting && { starting: options.starting }),
        message: (raw, event) => {
          heard.messages.push(raw.toString())
          heard.events.push(event?.event)
          options.onMessage?.(running)
        },
        done: (status, _headers, body) => resolve({ status, body: body.toString() }),
        failed: resolve,
      },
      { maxBytes: options.maxBytes ?? 1_000_000, large: new ByteBudget(1_000_000_000) },
    )
    server.pool.dispatch({ path: '/', method: 'POST', body: '{}' }, running)
  })
  return { ...heard, ended }
}

async function listen(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  const pool = new Pool(`http://127.0.0.1:${port}`)
  return {
    pool,
    async [Symbol.asyncDispose]() {
      await pool.destroy()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const asJson = (response: ServerResponse, type = 'application/json') =>
  response.writeHead(200, { 'content-type': type })
const asEvents = (response: ServerResponse, type = 'text/event-stream') =>
  response.writeHead(200, { 'content-type': type })

/** Writes each piece as a packet of its own, as far as that can be had. */
async function inPieces(response: ServerResponse, pieces: Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    await new Promise((written) => response.write(piece, written))
    await new Promise((rest) => setTimeout(rest, 2))
  }
  response.end()
}

it.each([
  'application/json',
  'application/json; charset=utf-8',
  'Application/JSON',
  'application/problem+json',
])('takes a body of type %s for one message', async (type) => {
  const { messages, events, ended } = await exchange((response) => asJson(response, type).end('{"a":"ä"}'))
  expect({ messages, events, ended }).toEqual({
    messages: ['{"a":"ä"}'],
    events: [undefined],
    ended: { status: 200, body: '' },
  })
})

it('puts a body together that comes in pieces, also where a letter is torn apart', async () => {
  const bytes = Buffer.from(JSON.stringify({ text: 'äöü€🎉' }))
  const { messages } = await exchange(
    (response) =>
      void inPieces(
        asJson(response),
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
  )
  expect(messages).toEqual([bytes.toString()])
})

it('puts events together that come byte by byte, also where a letter is torn apart', async () => {
  const stream = 'data: {"text":"äöü€🎉"}\n\nevent: endpoint\ndata: /x\n\n'
  const { messages, events } = await exchange(
    (response) =>
      void inPieces(
        asEvents(response),
        Array.from(Buffer.from(stream), (byte) => Uint8Array.of(byte)),
      ),
  )
  expect(messages).toEqual(['{"text":"äöü€🎉"}', '/x'])
  expect(events).toEqual([undefined, 'endpoint'])
})

it.each(['text/event-stream; charset=utf-8', 'Text/Event-Stream'])(
  'reads events from a stream of type %s',
  async (type) => {
    const stream =
      '\uFEFF: comment\r\ndata: one\r\n\r\nid: 5\ndata: two\ndata: lines\n\nretry: 5\n\ndata: cut off'
    const { messages, ended } = await exchange((response) => asEvents(response, type).end(stream))
    expect(messages).toEqual(['one', 'two\nlines'])
    expect(ended).toEqual({ status: 200, body: '' })
  },
)

it('hands over the body of an answer that is no message', async () => {
  const plain = await exchange((response) =>
    response.writeHead(502, { 'content-type': 'text/html' }).end('<p>Bad</p>'),
  )
  expect(plain).toEqual({ messages: [], events: [], ended: { status: 502, body: '<p>Bad</p>' } })
  const empty = await exchange((response) => response.writeHead(202).end())
  expect(empty).toEqual({ messages: [], events: [], ended: { status: 202, body: '' } })
})

it('takes a JSON body for a message whatever the status, and events only with a 200', async () => {
  const refusal = await exchange((response) =>
    response.writeHead(400, { 'content-type': 'application/json' }).end('{}'),
  )
  expect(refusal).toMatchObject({ messages: ['{}'], ended: { status: 400 } })
  const failure = await exchange((response) =>
    response.writeHead(500, { 'content-type': 'text/event-stream' }).end('data: x\n\n'),
  )
  expect(failure).toMatchObject({ messages: [], ended: { status: 500, body: 'data: x\n\n' } })
})

const tooLarge = expect.objectContaining({ code: 'too_large', fix: expect.stringContaining('less') })

it('cuts an answer that is too large, by what really comes', async () => {
  const heard = await exchange((response) => asJson(response).end(`"${'x'.repeat(2_000)}"`), {
    maxBytes: 1_000,
  })
  expect(heard).toEqual({ messages: [], events: [], ended: tooLarge })
  const endless = await exchange(
    (response) => {
      asJson(response)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
    { maxBytes: 100_000 },
  )
  expect(endless.ended).toEqual(tooLarge)
})

it('cuts one event that is too large, and lets many small ones through', async () => {
  const large = await exchange((response) => void asEvents(response).write(`data: ${'x'.repeat(20_000)}`), {
    maxBytes: 10_000,
  })
  expect(large).toEqual({ messages: [], events: [], ended: tooLarge })
  const small = await exchange(
    (response) => asEvents(response).end(`data: ${'x'.repeat(500)}\n\n`.repeat(100)),
    { maxBytes: 10_000 },
  )
  expect(small.messages).toHaveLength(100)
  expect(small.ended).toEqual({ status: 200, body: '' })
})

it('tells of a connection that breaks in the middle of an answer', async () => {
  const heard = await exchange((response) => {
    asEvents(response).write('data: one\n\n', () => response.destroy())
  })
  expect(heard.messages).toEqual(['one'])
  expect(heard.ended).toBeInstanceOf(Error)
})

it('ends with the reason it was given up for, and reads no further', async () => {
  const reason = new Error('given up')
  const heard = await exchange((response) => void asEvents(response).write('data: one\n\n'), {
    onMessage: (running) => running.abort(reason),
  })
  expect(heard).toEqual({ messages: ['one'], events: [undefined], ended: reason })
})

it('sends nothing when it is given up, or told not to start, before it began', async () => {
  let requests = 0
  await using server = await listen((_request, response) => {
    requests++
    response.end()
  })
  const reason = new Error('not now')
  const ends = await Promise.all(
    [{ early: true }, { early: false }].map(
      ({ early }) =>
        new Promise((resolve) => {
          const running = new HttpExchange(
            {
              starting: () => {
                throw reason
              },
              message: () => {},
              done: resolve,
              failed: resolve,
            },
            { maxBytes: 1_000, large: new ByteBudget(0) },
          )
          if (early) running.abort(reason)
          server.pool.dispatch({ path: '/', method: 'POST', body: '{}' }, running)
        }),
    ),
  )
  expect(ends).toEqual([reason, reason])
  expect(requests).toBe(0)
})

it('cuts an event of endlessly many lines', async () => {
  const heard = await exchange(
    (response) => {
      asEvents(response)
      const more = () => {
        while (!response.destroyed && response.write('data: xxxxxxxxxxxxxxxxxxxx\n'.repeat(100)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
    { maxBytes: 100_000 },
  )
  expect(heard).toEqual({ messages: [], events: [], ended: tooLarge })
})
