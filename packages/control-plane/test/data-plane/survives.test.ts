import { once } from 'node:events'
import { connect as openSocket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { answerText, startHttp, startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

const open = new AsyncDisposableStack()
let plane: ControlPlane

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
})

afterAll(() => open.disposeAsync())

const MEGABYTE = 1024 * 1024

/** A legacy server of which every answer to `tools/list` breaks off in the middle. */
function startTruncating() {
  return startHttp(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString())
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    const answer =
      method === 'initialize'
        ? '{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"t","version":"1"}}}'
        : '{"tools":[{"name":"half'
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(`{"jsonrpc":"2.0","id":${id},"result":${answer}`)
  })
}

/** Makes a call as a client that would rather have events, and then reads nothing of the answer. */
async function callAndStopReading(url: string, client: WireClient, name: string) {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 99,
    method: 'tools/call',
    params: { name, arguments: {} },
  })
  const { hostname, port, pathname } = new URL(url)
  const socket = openSocket({ host: hostname, port: Number(port) })
  await once(socket, 'connect')
  const headers = {
    host: hostname,
    ...client.headers,
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
    'content-length': String(body.length),
  }
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}\r\n`)
  socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
  await once(socket, 'readable')
  return socket
}

describe('the control plane goes on', () => {
  it('when a server breaks off in the middle of its list', async () => {
    await using upstream = await startTruncating()
    await plane.workspace('truncated')
    const server = await plane.addServer('truncated', { name: 'half', url: upstream.url })
    expect(server).toMatchObject({ status: 'failing', error: { code: 'upstream_invalid' } })
    expect((await fetch(`${plane.url}/healthz`)).status).toBe(200)
  })

  it('when a client stops reading a large answer', async () => {
    await using upstream = await startSmall(['large'], (call) => answerText(call, 'x'.repeat(14 * MEGABYTE)))
    const { url, token } = await plane.workspace('unread')
    await plane.addServer('unread', { name: 's', url: upstream.url })
    const socket = await callAndStopReading(url, await WireClient.open(url, token), 's__large')
    // Longer than the pause between two keep-alives.
    await new Promise((resolve) => setTimeout(resolve, 16_000))
    expect((await fetch(`${plane.url}/healthz`)).status).toBe(200)
    socket.destroy()
  })
})

it('delivers an answer of 12 MB on an event stream', async () => {
  await using upstream = await startSmall(['large'], (call) => answerText(call, 'x'.repeat(12 * MEGABYTE)))
  const { url, token } = await plane.workspace('large')
  await plane.addServer('large', { name: 's', url: upstream.url })
  const client = await WireClient.open(url, token)
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...client.headers, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 's__large' } }),
  })
  expect((await response.text()).length).toBeGreaterThan(12 * MEGABYTE)
})
