import type { ServerResponse } from 'node:http'
import type { JsonRpc } from './bridge-process.ts'
import type { McpHandler } from './test-gateway.ts'

/** Answers `initialize` itself and everything else by the given function: for saying exactly what goes on the wire. */
export function createJsonServer(answer: (message: JsonRpc, response: ServerResponse) => void): McpHandler {
  return (request, response, body) => {
    // The bridge under test sent it, and the tests read only JSON-RPC fields.
    const message = body as JsonRpc | undefined
    if (request.method !== 'POST' || message === undefined) return void response.writeHead(405).end()
    if (message.id === undefined) return void response.writeHead(202).end()
    if (message.method !== 'initialize') return answer(message, response)
    const result = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      serverInfo: { name: 's', version: '1' },
    }
    sendJson(response, 200, { jsonrpc: '2.0', id: message.id, result })
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
