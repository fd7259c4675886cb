import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { modernText, postModern } from '../gateway/raw-clients.ts'
import { answerJson, type SmallUpstream, startHttp, startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { startScripted } from '../upstreams/scripted-http.ts'

const LIMITS = {
  'body-bytes': 2_048,
  'json-depth': 8,
  'json-values': 100,
  'header-bytes': 4_096,
  'reply-json-depth': 8,
  'reply-json-values': 1_000,
  'reply-bytes': 65_536,
  'parked-per-token': 1,
}

const open = new AsyncDisposableStack()
let plane: ControlPlane
let url: string
let client: WireClient

beforeAll(async () => {
  const upstream = open.use(
    await startSmall(['echo', 'long'], ({ id, name, response }) =>
      answerJson(response, { jsonrpc: '2.0', id, result: RESULTS[name] ?? RESULTS.echo }),
    ),
  )
  const asking = open.use(await startScripted('legacy'))
  plane = open.use(await ControlPlane.start({ args: flags(LIMITS) }))
  const team = await plane.workspace('team')
  url = team.url
  await plane.addServer('team', { name: 'up', url: upstream.url })
  await plane.addServer('team', { name: 'asking', url: asking.url })
  client = await WireClient.open(url, team.token)
}, 30_000)

afterAll(() => open.disposeAsync())

function flags(limits: Record<string, number>): string[] {
  return Object.entries(limits).flatMap(([name, value]) => ['--limit', `${name}=${value}`])
}

const content = [{ type: 'text', text: 'here' }]
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
const RESULTS: Record<string, object> = {
  echo: { content },
  long: { content: [{ type: 'text', text: 'x'.repeat(70_000) }] },
}

/** A legacy server that has these tools, and answers nothing else. */
function startListing(tools: unknown[]): Promise<SmallUpstream> {
  return startHttp(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    const introduction = {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'lister', version: '1' },
    }
    answerJson(response, { jsonrpc: '2.0', id, result: method === 'initialize' ? introduction : { tools } })
  })
}

const CALL_THAT_ASKS = '"name":"asking__ask-twice","arguments":{}'

interface Told {
  status: number
  text: string
}

async function told(arguments_: object, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...client.headers,
      'content-type': 'application/json',
      accept: 'application/json',
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'up__echo', arguments: arguments_ },
    }),
  })
  return { status: response.status, text: await response.text() }
}

describe('a limit that an operator has set', () => {
  it.each([
    ['body-bytes', { text: 'x'.repeat(2_048) }, 413],
    ['json-depth', { a: nested(8) }, 413],
    ['json-values', { a: Array(100).fill(1) }, 413],
  ])('of %s holds for what clients send, and is named', async (name, arguments_, status) => {
    expect(await told({ text: 'small' })).toMatchObject({ status: 200 })
    const refused = await told(arguments_)
    expect(refused.status).toBe(status)
    expect(refused.text).toContain(`--limit ${name}=`)
  })

  it('of header-bytes holds for what clients send', async () => {
    expect(await told({}, { 'x-padding': 'x'.repeat(3_000) })).toMatchObject({ status: 200 })
    expect(await told({}, { 'x-padding': 'x'.repeat(5_000) })).toMatchObject({ status: 431 })
  })

  it('of reply-bytes holds for what servers send, and is named', async () => {
    await expect(client.call('up__long')).rejects.toThrow('--limit reply-bytes=')
    expect(await client.call('up__echo')).toBe('here')
  })

  it.each([
    ['reply-json-depth', [{ name: 'deep', inputSchema: { type: 'object', x: nested(10) } }]],
    ['reply-json-values', Array.from({ length: 400 }, (_, at) => ({ name: `t${at}`, inputSchema: {} }))],
  ])('of %s holds where a list of a server must be read, and is named', async (name, tools) => {
    await using upstream = await startListing(tools)
    await plane.addServer('team', { name, url: upstream.url })
    const { error } = await plane.api('POST', `/workspaces/team/servers/${name}/check`)
    expect(JSON.stringify(error)).toContain(`--limit ${name}=`)
    expect(await client.call('up__echo')).toBe('here')
  })

  it('of parked-per-token holds for questions that nobody answers, and is named', async () => {
    const ask = (id: number) =>
      postModern(url, client.token, modernText(id, 'tools/call', CALL_THAT_ASKS, '', '{"elicitation":{}}'))
    expect((await ask(1)).messages.join()).toContain('input_required')
    expect((await ask(2)).messages.join()).toContain('--limit parked-per-token=')
  })

  it('of connections holds for clients that only hold them', async () => {
    await using narrow = await ControlPlane.start({ args: flags({ connections: 8 }) })
    const { port, hostname } = new URL(narrow.url)
    const sockets = Array.from({ length: 30 }, () => connect(Number(port), hostname))
    await Promise.all(sockets.map(isClosed))
    const left = sockets.filter((socket) => !socket.destroyed)
    expect(left.length).toBeLessThanOrEqual(8)
    for (const socket of left) socket.destroy()
    await expect
      .poll(async () => (await fetch(`${narrow.url}/healthz`).catch(() => undefined))?.status)
      .toBe(200)
  })
})

/** Resolves when the socket is closed from the other side, or was not for a second. */
function isClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 1_000)
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
