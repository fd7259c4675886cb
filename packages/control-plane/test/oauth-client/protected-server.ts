import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { sendJson } from './authorization-server.ts'

export interface ProtectedServerOptions {
  issuer: string
  accepts(token: string, resource: string): Promise<boolean>
  /** Changes what it says of itself (RFC 9728). */
  metadata?(metadata: Record<string, unknown>): Record<string, unknown>
}

/** A real MCP server that wants access tokens of one authorization server. */
export async function startProtectedServer({
  issuer,
  accepts,
  metadata = (same) => same,
}: ProtectedServerOptions) {
  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${origin}/mcp`
  const wellKnown = `${origin}/.well-known/oauth-protected-resource/mcp`
  const seen: (string | undefined)[] = []
  let refusals = 0

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === new URL(wellKnown).pathname) {
      const own = { resource: url, authorization_servers: [issuer], scopes_supported: ['mcp'] }
      return sendJson(response, metadata(own))
    }
    if (request.url !== '/mcp') return void response.writeHead(404).end()
    const { authorization } = request.headers
    seen.push(authorization)
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
    if (token === undefined || !(await accepts(token, url))) {
      if (token !== undefined) refusals++
      const challenge = `Bearer error="invalid_token", resource_metadata="${wellKnown}"`
      return void response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    const mcp = createMcp(authorization ?? '')
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    // The SDK's own transports do not fit their interface under exactOptionalPropertyTypes.
    await mcp.connect(transport as Parameters<typeof mcp.connect>[0])
    await transport.handleRequest(request, response)
  }

  return {
    url,
    origin,
    /** The `Authorization` of every request, as it came. */
    seen,
    /** How many requests came with a token that is not good. */
    refusals: () => refusals,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export type TestProtectedServer = Awaited<ReturnType<typeof startProtectedServer>>

function createMcp(authorization: string): McpServer {
  const mcp = new McpServer({ name: 'protected', version: '1.0.0' })
  mcp.registerTool('hello', { description: 'Says hello' }, async () => text('hello'))
  mcp.registerTool('leak', { description: 'Repeats what it was sent' }, async () => text(authorization))
  return mcp
}

function text(said: string) {
  return { content: [{ type: 'text' as const, text: said }] }
}
