import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { JsonRpc } from './bridge-process.ts'

/** A server on a port of its own; closing cuts its connections. */
export interface Listening extends AsyncDisposable {
  readonly port: number
  /** Cuts the connections and goes on listening. */
  cut(): void
}

export async function listen(server: Server, wantedPort = 0): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(wantedPort, '127.0.0.1', resolve))
  // A TCP server that listens has an AddressInfo.
  const { port } = server.address() as AddressInfo
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    cut,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}

/** Answers every request as a gateway answers `initialize`, over TLS. */
export function openTlsGateway(
  credentials: { key: Buffer; cert: Buffer },
  seen: IncomingMessage[] = [],
): Promise<Listening> {
  return listen(createServer(credentials, answerTo(seen)))
}

export function answerTo(seen: IncomingMessage[]) {
  return (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request)
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}')
    })
  }
}

/** A request to a gateway that speaks HTTP/2, and what a test does with it. */
export interface Http2Exchange {
  readonly request: Http2ServerRequest
  readonly response: Http2ServerResponse
  readonly message: JsonRpc | undefined
  readonly stream: ServerHttp2Stream
}

export interface Http2Gateway extends Listening {
  readonly url: string
  /** In the order of their first requests. */
  readonly sessions: Set<Http2Session>
  readonly seen: Http2Exchange[]
  /** How many connections were made, in whatever version of HTTP. */
  connections(): number
}

/** Answers `initialize` and notifications itself, and everything else by the given function. */
export async function openHttp2Gateway(options: {
  credentials: { key: Buffer; cert: Buffer }
  answer: (exchange: Http2Exchange) => void
  allowHTTP1?: boolean
  settings?: Settings
  port?: number
}): Promise<Http2Gateway> {
  const { credentials, answer, allowHTTP1 = false, settings = {}, port: wantedPort } = options
  const sessions = new Set<Http2Session>()
  const seen: Http2Exchange[] = []
  let connections = 0
  const server = createSecureServer({ ...credentials, allowHTTP1, settings })
  server.on('secureConnection', () => {
    connections += 1
  })
  server.on('sessionError', () => undefined)
  server.on('request', async (request, response) => {
    const { stream } = request
    stream?.on('error', () => undefined)
    if (stream?.session !== undefined) sessions.add(stream.session)
    const body = await text(request).catch(() => '')
    const message: JsonRpc | undefined = body === '' ? undefined : JSON.parse(body)
    const exchange = { request, response, message, stream }
    seen.push(exchange)
    if (message?.method === 'initialize') return answerWith(exchange, { protocolVersion: '2025-11-25' })
    if (message !== undefined && message.id === undefined) return void response.writeHead(202).end()
    answer(exchange)
  })
  const listening = await listen(server, wantedPort)
  const { port, cut } = listening
  return {
    port,
    cut,
    url: `https://localhost:${port}/ws/demo`,
    sessions,
    seen,
    connections: () => connections,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  }
}

export function answerWith({ response, message }: Http2Exchange, result: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ jsonrpc: '2.0', id: message?.id, result }))
}
