import { randomUUID } from 'node:crypto'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { CreateMessageResultSchema, ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { McpHandler } from './test-gateway.ts'
import { workTime } from './work-time.ts'

/** A real server of SDK v1 with sessions, as each start of a gateway would make it anew. */
export function createLegacyServer(): { handler: McpHandler; sessions: Map<string, LegacySessionOnServer> } {
  const sessions = new Map<string, LegacySessionOnServer>()

  const handler: McpHandler = async (request, response, body) => {
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    if (known !== undefined) return known.transport.handleRequest(request, response, body)
    if (id !== undefined) {
      const error = { code: -32001, message: 'Session not found' }
      response.writeHead(404, { 'content-type': 'application/json' })
      return response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
    }
    const server = createServer()
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (sessionId) => {
        sessions.set(sessionId, { server, transport })
      },
      onsessionclosed: (sessionId) => {
        sessions.delete(sessionId)
      },
    })
    // The transport's optional callbacks are typed without exactOptionalPropertyTypes in mind.
    await server.connect(transport as Parameters<typeof server.connect>[0])
    await transport.handleRequest(request, response, body)
  }
  return { handler, sessions }
}

interface LegacySessionOnServer {
  readonly server: McpServer
  readonly transport: StreamableHTTPServerTransport
}

function createServer(): McpServer {
  const server = new McpServer({ name: 'legacy', version: '1.0.0' }, { capabilities: { logging: {} } })
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })

  server.registerTool('echo', { inputSchema: { value: z.string() } }, ({ value }) => text(value))

  server.registerTool('wait', { inputSchema: { ms: z.number() } }, async ({ ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return text(`waited ${ms}`)
  })

  server.registerTool('count', {}, async (extra) => {
    const progressToken = extra._meta?.progressToken
    if (progressToken !== undefined) {
      for (const progress of [1, 2, 3]) {
        const params = { progressToken, progress, total: 3 }
        await extra.sendNotification({ method: 'notifications/progress', params })
        await workTime()
      }
    }
    return text('counted')
  })

  server.registerTool('ask', {}, async (extra) => {
    const params = {
      message: 'Your name?',
      requestedSchema: { type: 'object' as const, properties: { name: { type: 'string' as const } } },
    }
    const answer = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema)
    return text(`${answer.action} ${answer.content?.name}`)
  })

  server.registerTool('sample', {}, async (extra) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'hello' } }]
    const answer = await extra.sendRequest(
      { method: 'sampling/createMessage', params: { messages, maxTokens: 10 } },
      CreateMessageResultSchema,
    )
    return text(JSON.stringify(answer.content))
  })

  server.registerTool('grow', {}, () => {
    server.registerTool('grown', {}, () => text('new'))
    return text('grown')
  })

  return server
}
