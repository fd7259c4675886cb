import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createToken } from './token.ts'

export type McpHandler = (request: IncomingMessage, response: ServerResponse, body: unknown) => void

/** A gateway as the bridge sees one: a bearer check, whoami and one workspace, on a port of its own. */
export interface TestGateway extends AsyncDisposable {
  readonly url: string
  readonly origin: string
  /** Every MCP request that passed the bearer check. */
  readonly requests: SeenRequest[]
  accept: Set<string>
  identity: Record<string, unknown>
  /** Cuts every connection and stops listening. */
  stop(): Promise<void>
  /** Listens again on the same port. */
  start(mcp?: McpHandler): Promise<void>
}

export interface SeenRequest {
  readonly verb: string
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The JSON-RPC method, when the body has one. */
  readonly method: string | undefined
}

export const goodToken = createToken('a')

export async function openTestGateway(handler: McpHandler): Promise<TestGateway> {
  let mcp = handler
  let server: Server | undefined
  let port = 0
  const requests: SeenRequest[] = []
  const accept = new Set([goodToken])

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || !accept.has(token)) return void response.writeHead(401).end()
    if (request.url === '/api/v1/whoami') {
      return void response.setHeader('content-type', 'application/json').end(JSON.stringify(gateway.identity))
    }
    if (request.url !== '/ws/demo') return void response.writeHead(404).end()
    const text = await readBody(request)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const method = body instanceof Object && 'method' in body ? String(body.method) : undefined
    requests.push({ verb: request.method ?? '', headers: request.headers, text, method })
    mcp(request, response, body)
  }

  async function start(nextMcp = mcp): Promise<void> {
    mcp = nextMcp
    server = createServer((request, response) => void answer(request, response))
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve))
    // A TCP server that listens has an AddressInfo.
    port = (server.address() as AddressInfo).port
  }

  async function stop(): Promise<void> {
    const stopping = server
    server = undefined
    if (stopping === undefined) return
    stopping.closeAllConnections()
    await new Promise((resolve) => stopping.close(resolve))
  }

  await start()
  const origin = `http://127.0.0.1:${port}`
  const identity = { role: 'developer', member: 'ada', workspace: 'demo' }
  const gateway: TestGateway = {
    origin,
    url: `${origin}/ws/demo`,
    requests,
    accept,
    identity,
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return gateway
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
