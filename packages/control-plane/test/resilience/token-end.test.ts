import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type OpenStream, openStream } from './open-stream.ts'
import { issueUntil } from './short-token.ts'
import { type SmallUpstream, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const MODERN = '2026-07-28'
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

let plane: ControlPlane
let upstream: SmallUpstream
let url: string

beforeAll(async () => {
  plane = await ControlPlane.start()
  upstream = await startSmall(['endless'], ({ response, progressToken }) => {
    const params = { progressToken, progress: 1, message: 'has begun' }
    const progress = { jsonrpc: '2.0', method: 'notifications/progress', params }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify(progress)}\n\n`)
  })
  url = (await plane.workspace('team')).url
  await plane.addServer('team', { name: 'up', url: upstream.url })
})

afterAll(async () => {
  // Its endless calls would hold a polite end up.
  await plane.kill('SIGKILL')
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

async function issue(more: Record<string, unknown> = {}): Promise<{ id: string; token: string }> {
  const answer = await plane.api('POST', '/workspaces/team/tokens', {
    name: 'ends',
    member: 'tester',
    role: 'developer',
    ...more,
  })
  return { id: String(answer.id), token: String(answer.token) }
}

interface Connected {
  client: WireClient
  /** By what they are. */
  streams: Record<string, OpenStream>
}

/** A client of each era with everything open that can be open. */
async function connect(token: string): Promise<Connected> {
  const client = await WireClient.open(url, token)
  const both = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
  const post = (headers: Record<string, string>, message: object) =>
    openStream(url, {
      method: 'POST',
      headers: { ...client.headers, ...both, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
  const streams = {
    'legacy stream': await openStream(url, { headers: { ...client.headers, accept: 'text/event-stream' } }),
    'legacy call': await post(
      {},
      { id: 'c1', method: 'tools/call', params: { name: 'up__endless', _meta: { progressToken: 'p1' } } },
    ),
    'modern listen': await post(
      { 'mcp-protocol-version': MODERN, 'mcp-method': 'subscriptions/listen' },
      {
        id: 'l1',
        method: 'subscriptions/listen',
        params: { _meta: ENVELOPE, notifications: { toolsListChanged: true } },
      },
    ),
    'modern call': await post(
      { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'up__endless' },
      {
        id: 'c2',
        method: 'tools/call',
        params: { name: 'up__endless', arguments: {}, _meta: { ...ENVELOPE, progressToken: 'p2' } },
      },
    ),
  }
  for (const [name, stream] of Object.entries(streams)) expect([name, stream.status]).toEqual([name, 200])
  await streams['legacy call'].holds('has begun')
  await streams['modern call'].holds('has begun')
  await streams['modern listen'].holds('acknowledged')
  return { client, streams }
}

async function expectAllClosedWithin(streams: Connected['streams'], since: number, limitMs: number) {
  for (const [name, { closed }] of Object.entries(streams)) {
    const afterMs = (await closed) - since
    expect(afterMs, `${name} was closed after ${afterMs} ms`).toBeLessThan(limitMs)
  }
}

describe('[T5] a token that ends while its streams are open', () => {
  it('is refused at its next call and loses its streams within a second when it is revoked', async () => {
    const { id, token } = await issue()
    const { client, streams } = await connect(token)
    const other = await connect((await issue()).token)
    await plane.api('DELETE', `/workspaces/team/tokens/${id}`)
    const revokedAt = performance.now()
    const { status, body } = await client.send('tools/list')
    expect(status).toBe(401)
    expect(body.error?.message).toContain('This token is not accepted.')
    await expectAllClosedWithin(streams, revokedAt, 1_000)
    // What belongs to another token goes on.
    const goesOn = Symbol()
    for (const [name, { closed }] of Object.entries(other.streams))
      expect([name, await Promise.race([closed, goesOn])]).toEqual([name, goesOn])
    expect(await other.client.tools()).toEqual(['up__endless'])
  })

  it('is refused at its next call and loses its streams within a second when it is rotated', async () => {
    const { id, token } = await issue()
    const { client, streams } = await connect(token)
    const { token: next } = await plane.api('POST', `/workspaces/team/tokens/${id}/rotate`, {})
    const rotatedAt = performance.now()
    expect((await client.send('tools/list')).status).toBe(401)
    await expectAllClosedWithin(streams, rotatedAt, 1_000)
    expect(await (await WireClient.open(url, String(next))).tools()).toEqual(['up__endless'])
  })

  it('loses its streams within a second when its workspace is removed', async () => {
    const { url: doomed, token } = await plane.workspace('doomed')
    const client = await WireClient.open(doomed, token)
    const stream = await openStream(doomed, { headers: { ...client.headers, accept: 'text/event-stream' } })
    expect(stream.status).toBe(200)
    await plane.api('DELETE', '/workspaces/doomed')
    await expectAllClosedWithin({ stream }, performance.now(), 1_000)
    expect((await client.send('tools/list')).status).toBe(401)
  })
})

it('[T6] ends a token at the second it expires, with everything it has open', async () => {
  const until = Date.now() + 4_000
  const token = await issueUntil(plane, 'team', until)
  const expiresAt = until - performance.timeOrigin
  const { client, streams } = await connect(token)
  const first = await Promise.race(Object.values(streams).map(({ closed }) => closed))
  expect(first).toBeGreaterThanOrEqual(expiresAt - 50)
  await expectAllClosedWithin(streams, expiresAt, 1_000)
  const { status, body } = await client.send('tools/list')
  expect(status).toBe(401)
  expect(body.error?.message).toContain('This token is not accepted.')
}, 15_000)
