import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

export interface WeatherServer extends AsyncDisposable {
  url: string
}

/** A remote MCP server of revision 2026-07-28 that answers nobody but the bearer of its key. */
export async function startWeatherServer(key: string): Promise<WeatherServer> {
  const handler = createMcpHandler(() => weather(key), { legacy: 'reject' })
  const handle = toNodeHandler(handler)
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${key}`) return void response.writeHead(401).end()
    // The adapter's type of a request was written without exactOptionalPropertyTypes in mind.
    void handle(request as Parameters<typeof handle>[0], response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      await handler.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function weather(key: string): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.0.0' })
  server.registerTool('forecast', { inputSchema: z.object({ city: z.string() }) }, ({ city }) => ({
    // Careless on purpose: it repeats the key it was called with.
    content: [{ type: 'text', text: `Sunny in ${city}. Asked with the key ${key}.` }],
  }))
  return server
}
