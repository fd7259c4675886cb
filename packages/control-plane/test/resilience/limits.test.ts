import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { openStream } from './open-stream.ts'
import { answerText, type Call, type SmallUpstream, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const MODERN = '2026-07-28'

let plane: ControlPlane
let upstream: SmallUpstream
let second: SmallUpstream
let url: string
let held: Call[] = []
let changed: (() => void) | undefined

/** Tools: one that answers, one that waits for the test, and one that breaks its connection. */
function onCall(call: Call): void {
  if (call.name === 'echo') return answerText(call, 'here')
  if (call.name === 'break') return void call.request.socket.destroy()
  held.push(call)
  changed?.()
}

async function untilHeld(count: number): Promise<void> {
  while (held.length < count) {
    await new Promise<void>((resolve) => {
      changed = resolve
    })
  }
}

function releaseAll(): void {
  for (const call of held) if (!call.response.destroyed) answerText(call, 'done')
  held = []
}

const LIMITS = {
  'streams-per-token': 16,
  streams: 24,
  'calls-per-token': 16,
  'calls-per-server': 24,
  calls: 32,
  'calls-per-minute': 600,
}

beforeAll(async () => {
  upstream = await startSmall(['echo', 'hold', 'break'], onCall)
  second = await startSmall(['hold'], onCall)
  plane = await ControlPlane.start({
    args: Object.entries(LIMITS).flatMap(([name, value]) => ['--limit', `${name}=${value}`]),
  })
  const team = await plane.workspace('team')
  await plane.addServer('team', { name: 'up', url: upstream.url })
  await plane.addServer('team', { name: 'two', url: second.url })
  url = team.url
}, 30_000)

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
  await second[Symbol.asyncDispose]()
})

async function newClient(): Promise<WireClient> {
  return WireClient.open(url, await plane.token('team'))
}

interface Refusal {
  status: number
  retryAfter: string | null
  code: unknown
  message: string
}

async function refusalOf(response: Response): Promise<Refusal> {
  const { error } = JSON.parse(await response.text())
  const retryAfter = response.headers.get('retry-after')
  return { status: response.status, retryAfter, code: error?.data?.code, message: error?.message }
}

function post(client: WireClient, name: string, signal?: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...client.headers, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: {} } }),
    ...(signal && { signal }),
  })
}

const streamOf = (client: WireClient, signal?: AbortSignal) =>
  fetch(url, { headers: { ...client.headers, accept: 'text/event-stream' }, ...(signal && { signal }) })

/** A modern client's stream of changes. */
const listenOf = (client: WireClient) =>
  fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${client.token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 'mine',
      method: 'subscriptions/listen',
      params: {
        notifications: { toolsListChanged: true },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': MODERN,
          'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  })

async function logOf(query: string): Promise<Record<string, unknown>[]> {
  const { items } = await plane.api('GET', `/workspaces/team/audit?${query}`)
  // A list is an array of rows (the admin API's contract).
  return items as Record<string, unknown>[]
}

describe('[M23] streams', () => {
  it('of one token are refused beyond its limit however often it tries; others and calls are not touched', async () => {
    const greedy = await newClient()
    const closing = new AbortController()
    const first = await Promise.all(Array.from({ length: 16 }, () => streamOf(greedy, closing.signal)))
    expect(first.map(({ status }) => status)).toEqual(Array(16).fill(200))

    const statuses = new Set<number>()
    for (let round = 0; round < 100; round++) {
      const more = await Promise.all(Array.from({ length: 20 }, () => streamOf(greedy)))
      for (const response of more) statuses.add(response.status)
      await Promise.all(more.map((response) => response.text()))
    }
    expect([...statuses]).toEqual([429])
    expect(await refusalOf(await streamOf(greedy))).toMatchObject({
      status: 429,
      retryAfter: '10',
      code: 'too_many',
      message: expect.stringMatching(/16 event streams open already\..*--limit streams-per-token=NUMBER/),
    })
    expect(await greedy.call('up__echo')).toBe('here')

    const other = await openStream(url, {
      headers: { ...(await newClient()).headers, accept: 'text/event-stream' },
      signal: closing.signal,
    })
    expect(other.status).toBe(200)
    closing.abort()
  })

  it('count again when they are closed, whichever kind they are, and all together have a limit of their own', async () => {
    const [one, two] = [await newClient(), await newClient()]
    for (let round = 0; round < 3; round++) {
      const open = await untilOpen(() => Promise.all(Array.from({ length: 16 }, () => listenOf(one))))
      expect(await refusalOf(await listenOf(one))).toMatchObject({ status: 429, code: 'too_many' })
      const others = await Promise.all(Array.from({ length: 8 }, () => streamOf(two)))
      expect(others.map(({ status }) => status)).toEqual(Array(8).fill(200))
      expect(await refusalOf(await streamOf(two))).toMatchObject({ status: 503, code: 'overloaded' })
      for (const { body } of [...open, ...others]) await body?.cancel()
    }
  })
})

/** What was closed a moment ago may still be open over there. */
async function untilOpen(open: () => Promise<Response[]>): Promise<Response[]> {
  for (;;) {
    const responses = await open()
    if (responses.every(({ status }) => status === 200)) return responses
    for (const { body } of responses) await body?.cancel()
  }
}

describe('[M33] the rate of a token', () => {
  it('lets exactly its limit through of a burst of 2,000, tells when to come back, and leaves others alone', async () => {
    const [greedy, other] = [await newClient(), await newClient()]
    const got = new Map<number, number>()
    let waits: number[] = []
    const caller = async () => {
      for (let count = 0; count < 125; count++) {
        const response = await post(greedy, 'up__echo')
        got.set(response.status, (got.get(response.status) ?? 0) + 1)
        if (response.status === 429) waits = [...waits.slice(-9), Number(response.headers.get('retry-after'))]
        await response.text()
      }
    }
    await Promise.all(Array.from({ length: 16 }, caller))
    expect(Object.fromEntries(got)).toEqual({ 200: 600, 429: 1_400 })
    for (const wait of waits) expect(wait).toSatisfy((seconds: number) => seconds >= 30 && seconds <= 61)
    expect(await other.call('up__echo')).toBe('here')
    const refusal = await refusalOf(await post(greedy, 'up__echo'))
    expect(refusal).toMatchObject({ status: 429, code: 'too_many' })
    expect(refusal.message).toMatch(/made 600 calls within a minute\. Try again in \d+ seconds/)
    const [row] = await logOf('outcome=denied&limit=1')
    expect(row).toMatchObject({
      server: 'up',
      tool: 'echo',
      outcome: 'denied',
      reason: expect.stringMatching(/^too_many: /),
    })
  })
})

describe('calls that run', () => {
  it('of one token are refused beyond its limit, by a JSON-RPC error under their own id; others go on', async () => {
    const [greedy, other] = [await newClient(), await newClient()]
    const running = Array.from({ length: 16 }, () => post(greedy, 'up__hold'))
    await untilHeld(16)
    const refused = await post(greedy, 'up__echo')
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({
      id: 7,
      error: {
        code: -31000,
        message: expect.stringMatching(/16 calls running already\..*--limit calls-per-token=NUMBER/),
        data: { code: 'too_many' },
      },
    })
    expect(await other.call('up__echo')).toBe('here')
    releaseAll()
    for (const response of await Promise.all(running)) expect(response.status).toBe(200)
    expect(await greedy.call('up__echo')).toBe('here')
  })

  it('at one server and at all have limits of their own', async () => {
    const [one, two, three] = [await newClient(), await newClient(), await newClient()]
    const running = [one, two].flatMap((client) => Array.from({ length: 12 }, () => post(client, 'up__hold')))
    await untilHeld(24)
    expect(await refusalOf(await post(three, 'up__echo'))).toMatchObject({
      status: 429,
      message: expect.stringMatching(/^"up" has 24 calls running already\./),
    })
    const more = Array.from({ length: 8 }, () => post(three, 'two__hold'))
    await untilHeld(32)
    expect(await refusalOf(await post(three, 'two__hold'))).toMatchObject({
      status: 503,
      retryAfter: '1',
      code: 'overloaded',
      message: expect.stringMatching(/32 calls running already/),
    })
    releaseAll()
    await Promise.all([...running, ...more])
    expect(await three.call('up__echo')).toBe('here')
  })

  it('are forgotten however they end', async () => {
    const client = await newClient()
    for (let round = 0; round < 10; round++) {
      const leaving = new AbortController()
      const ends = [
        post(client, 'up__break'),
        client.send('tools/call', { name: 'up__unknown', arguments: {} }),
        post(client, 'up__hold', leaving.signal).catch(() => undefined),
        post(client, 'up__hold'),
      ]
      await untilHeld(2)
      leaving.abort()
      releaseAll()
      await Promise.all(ends)
    }
    // Were one of them still counted, there would not be room for as many as the limit says.
    const full = Array.from({ length: 16 }, () => post(client, 'up__hold'))
    await untilHeld(16)
    expect((await post(client, 'up__hold')).status).toBe(429)
    releaseAll()
    expect((await Promise.all(full)).map(({ status }) => status)).toEqual(Array(16).fill(200))
  })
})

describe('[M21] a request', () => {
  it.each([
    ['a compressed body', { 'content-encoding': 'gzip' }, 415],
    ['a body compressed a hundred times', { 'content-encoding': Array(100).fill('gzip').join() }, 415],
    ['a length that is none', { 'content-length': '1x' }, 400],
    ['two lengths', { 'content-length': ['2', '3'] }, 400],
    ['a length and chunks', { 'content-length': '2', 'transfer-encoding': 'chunked' }, 400],
    ['endless headers', { 'x-long': 'x'.repeat(20_000) }, 431],
  ])('with %s is refused', async (_what, headers, status) => {
    const client = await newClient()
    expect(await rawStatus({ ...client.headers, ...headers })).toBe(status)
    expect(await client.call('up__echo')).toBe('here')
  })
})

/** Sends headers that a well-behaved client would not; the status that comes back. */
function rawStatus(headers: Record<string, string | string[]>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: false })
    sent.setHeader('content-type', 'application/json')
    for (const [name, value] of Object.entries(headers)) sent.setHeader(name, value)
    sent.on('response', (response) => {
      resolve(response.statusCode ?? 0)
      response.resume()
    })
    sent.on('error', reject)
    sent.flushHeaders()
    sent.end('{}')
  })
}
