import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Era = 'legacy' | 'modern'

/** One `tools/call` as it came, to be answered by the test. */
export interface TinyCall {
  name: string
  args: Record<string, unknown>
  meta: Record<string, unknown>
  /** The id as it was written. */
  id: number
  raw: string
  request: IncomingMessage
  response: ServerResponse
  /** Answers with a result that is JSON already, in the server's era. */
  reply(resultJson: string): void
  replyText(text: string): void
}

export interface TinyOptions {
  tools: readonly (string | Record<string, unknown>)[]
  /** Without it every call is answered with its own name. */
  onCall?(call: TinyCall): void
  /** Sees every request before it is answered; true when it has answered itself. */
  onRequest?(request: IncomingMessage, response: ServerResponse, raw: string): boolean
}

export interface Tiny extends AsyncDisposable {
  url: string
  port: number
}

/** A server of either era without sessions or questions, small and quick. */
export async function startTiny(era: Era, options: TinyOptions): Promise<Tiny> {
  const server = createServer((request, response) => void serve(era, options, request, response))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

async function serve(
  era: Era,
  options: TinyOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const raw = Buffer.concat(chunks).toString()
  if (options.onRequest?.(request, response, raw) === true) return
  if (request.method !== 'POST') return void response.writeHead(405).end()
  // The gateway under test wrote this.
  const { id, method, params } = JSON.parse(raw)
  const reply = (resultJson: string) => {
    const result = era === 'modern' ? `{"resultType":"complete",${resultJson.slice(1)}` : resultJson
    if (!response.headersSent) response.setHeader('content-type', 'application/json')
    response.end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`)
  }
  const known = handshake(era, method, options.tools)
  if (known === 'refused') return void response.writeHead(400).end()
  if (id === undefined) return void response.writeHead(202).end()
  if (known !== undefined) return reply(known)
  const { name, arguments: args = {}, _meta: meta = {} } = params
  const replyText = (text: string) => reply(JSON.stringify({ content: [{ type: 'text', text }] }))
  const call: TinyCall = { name, args, meta, id, raw, request, response, reply, replyText }
  if (options.onCall === undefined) replyText(name)
  else options.onCall(call)
}

function handshake(era: Era, method: string, tools: TinyOptions['tools']): string | undefined {
  if (method === 'server/discover') return era === 'modern' ? DISCOVERY : 'refused'
  if (method === 'initialize') return era === 'legacy' ? INTRODUCTION : 'refused'
  if (method !== 'tools/list') return undefined
  const list = tools.map((tool) =>
    typeof tool === 'string' ? { name: tool, inputSchema: { type: 'object' } } : tool,
  )
  const caching = era === 'modern' ? '"ttlMs":0,"cacheScope":"private",' : ''
  return `{${caching}"tools":${JSON.stringify(list)}}`
}

const INTRODUCTION =
  '{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"logging":{}},"serverInfo":{"name":"tiny","version":"1"}}'
const DISCOVERY =
  '{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"logging":{}},"ttlMs":0,"cacheScope":"private"}'
