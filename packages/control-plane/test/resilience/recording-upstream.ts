import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One HTTP request as the upstream saw it. */
export interface Arrival {
  at: number
  method: string
  authorization: string | undefined
  /** The JSON-RPC method, where there is one. */
  rpc: string | undefined
}

export interface Recording extends AsyncDisposable {
  url: string
  arrivals: Arrival[]
  /** Values that are no longer accepted: answered with 401, as a revoked key is. */
  revoked: Set<string>
}

interface Message {
  id?: number
  method?: string
  params?: { name?: string; arguments?: Record<string, unknown>; protocolVersion?: string }
}

const WHOAMI = {
  name: 'whoami',
  description: 'Gives the credential the call came with.',
  inputSchema: { type: 'object' },
}

function replyTo({ id, method, params }: Message, authorization: string | undefined): object | undefined {
  if (id === undefined) return undefined
  const reply = (result: object) => ({ jsonrpc: '2.0', id, result })
  if (method === 'initialize') {
    return reply({
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'recording', version: '1' },
    })
  }
  if (method === 'tools/list') return reply({ tools: [WHOAMI] })
  if (method === 'tools/call') {
    // Backwards, because the gateway takes the value itself out of every answer.
    const text = [...(authorization ?? '')].reverse().join('')
    return reply({ content: [{ type: 'text', text: JSON.stringify({ seen: text, ...params?.arguments }) }] })
  }
  return { jsonrpc: '2.0', id, error: { code: -32601, message: 'Unknown method' } }
}

async function read(request: IncomingMessage): Promise<Message> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  // The gateway writes these, so their shape is known.
  return text === '' ? {} : (JSON.parse(text) as Message)
}

function refuses(recording: Recording, request: IncomingMessage, response: ServerResponse): boolean {
  const isRevoked = recording.revoked.has(request.headers.authorization ?? '')
  if (isRevoked) response.writeHead(401).end()
  return isRevoked
}

async function serving(
  handle: (recording: Recording) => (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server: Server = createServer()
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  const recording: Recording = {
    url: `http://127.0.0.1:${port}`,
    arrivals: [],
    revoked: new Set(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  server.on('request', handle(recording))
  return recording
}

/** A Streamable HTTP server of revision 2025-06-18 with sessions, that writes down who asked and when. */
export function startStreamable(): Promise<Recording> {
  const sessions = new Set<string>()
  return serving((recording) => async (request, response) => {
    const { authorization } = request.headers
    const arrival: Arrival = {
      at: performance.now(),
      method: request.method ?? '',
      authorization,
      rpc: undefined,
    }
    recording.arrivals.push(arrival)
    const message = await read(request)
    arrival.rpc = message.method
    if (refuses(recording, request, response)) return
    if (request.method === 'GET') return void response.writeHead(405).end()
    const session = String(request.headers['mcp-session-id'])
    if (request.method === 'DELETE') {
      sessions.delete(session)
      return void response.writeHead(200).end()
    }
    if (message.method === 'server/discover') return void response.writeHead(400).end()
    if (message.method !== 'initialize' && !sessions.has(session)) return void response.writeHead(404).end()
    const reply = replyTo(message, authorization)
    if (reply === undefined) return void response.writeHead(202).end()
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (message.method === 'initialize') {
      const opened = randomUUID()
      sessions.add(opened)
      headers['mcp-session-id'] = opened
    }
    response.writeHead(200, headers).end(JSON.stringify(reply))
  })
}

/** The same over HTTP+SSE of revision 2024-11-05. */
export function startSse(): Promise<Recording> {
  const streams = new Map<string, ServerResponse>()
  return serving((recording) => async (request, response) => {
    const { authorization } = request.headers
    const arrival: Arrival = {
      at: performance.now(),
      method: request.method ?? '',
      authorization,
      rpc: undefined,
    }
    recording.arrivals.push(arrival)
    const { pathname, searchParams } = new URL(request.url ?? '', recording.url)
    if (refuses(recording, request, response)) return
    if (request.method === 'GET' && pathname === '/sse') {
      const id = randomUUID()
      streams.set(id, response)
      response.once('close', () => streams.delete(id))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return void response.write(`event: endpoint\ndata: /messages?id=${id}\n\n`)
    }
    const stream = streams.get(searchParams.get('id') ?? '')
    if (request.method !== 'POST' || stream === undefined) return void response.writeHead(404).end()
    const message = await read(request)
    arrival.rpc = message.method
    response.writeHead(202).end()
    const reply = replyTo(message, authorization)
    if (reply !== undefined) stream.write(`event: message\ndata: ${JSON.stringify(reply)}\n\n`)
  })
}
