import { toNodeHandler } from '@modelcontextprotocol/node'
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { McpHandler } from './test-gateway.ts'
import { workTime } from './work-time.ts'

type Handler = ReturnType<typeof createMcpHandler>

/** A real server of SDK v2. Speaks 2026-07-28, and the older revisions without sessions. */
export function createModernServer(): {
  handler: McpHandler
  notify: Handler['notify']
  close: Handler['close']
} {
  const mcp = createMcpHandler(createServer)
  const node = toNodeHandler(mcp)
  return {
    // The adapter's type of a request was written without exactOptionalPropertyTypes in mind.
    handler: (request, response, body) => void node(request as Parameters<typeof node>[0], response, body),
    notify: mcp.notify,
    close: mcp.close,
  }
}

function createServer(): McpServer {
  const capabilities = { tools: { listChanged: true } }
  const server = new McpServer({ name: 'modern', version: '1.0.0' }, { capabilities })
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
  const nothing = z.object({})

  server.registerTool('echo', { inputSchema: z.object({ value: z.string() }) }, ({ value }) => text(value))

  server.registerTool('wait', { inputSchema: z.object({ ms: z.number() }) }, async ({ ms }, context) => {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      context.mcpReq.signal.addEventListener('abort', () => {
        cancelled.push(String(ms))
        clearTimeout(timer)
        resolve(undefined)
      })
    })
    return text(`waited ${ms}`)
  })

  server.registerTool('count', { inputSchema: nothing }, async (_, context) => {
    const progressToken = context.mcpReq._meta?.progressToken
    if (progressToken !== undefined) {
      for (const progress of [1, 2, 3]) {
        const params = { progressToken, progress, total: 3 }
        await context.mcpReq.notify({ method: 'notifications/progress', params })
        await workTime()
      }
    }
    return text('counted')
  })

  const nameSchema = z.object({ name: z.string() })
  server.registerTool('ask', { inputSchema: nothing }, (_, context) => {
    const answer = acceptedContent(context.mcpReq.inputResponses, 'name', nameSchema)
    if (answer !== undefined) return text(`accept ${answer.name}`)
    const name = inputRequired.elicit({ message: 'Your name?', requestedSchema: nameSchema })
    return inputRequired({ inputRequests: { name } })
  })

  const region = z.string().meta({ 'x-mcp-header': 'Region' })
  server.registerTool('regional', { inputSchema: z.object({ region }) }, (values) => text(values.region))

  return server
}

/** The `ms` of every `wait` call the client cancelled. */
export const cancelled: string[] = []
