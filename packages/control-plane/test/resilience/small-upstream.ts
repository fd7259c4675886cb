import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SmallUpstream extends AsyncDisposable {
  url: string
}

export interface Call {
  id: number
  name: string
  args: Record<string, unknown>
  progressToken: unknown
  request: IncomingMessage
  response: ServerResponse
}

/** Serves HTTP on the loopback until disposed. */
export async function startHttp(listener: RequestListener): Promise<SmallUpstream> {
  const server = createServer(listener)
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

/** A legacy server without sessions whose calls the test answers itself, well or badly. */
export function startSmall(tools: readonly string[], onCall: (call: Call) => void): Promise<SmallUpstream> {
  return startHttp(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const { id, method, params } = JSON.parse(await bodyOf(request))
    const reply = (result: object) => answerJson(response, { jsonrpc: '2.0', id, result })
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'initialize') {
      return reply({
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'small', version: '1' },
      })
    }
    if (method === 'tools/list')
      return reply({ tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) })
    const { name, arguments: args = {}, _meta } = params
    onCall({ id, name, args, progressToken: _meta?.progressToken, request, response })
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

export function answerJson(response: ServerResponse, message: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message))
}

export function answerText({ id, response }: Pick<Call, 'id' | 'response'>, text: string): void {
  answerJson(response, { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } })
}
