import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { localhostHostValidation, localhostOriginValidation } from '@modelcontextprotocol/node'

/**
 * Serves MCP on a free loopback port and prints the URL as the first line of stdout. A Host or Origin from
 * elsewhere is refused. When started with an IPC channel, the program ends with its parent.
 */
export function serveOnLoopback(handle: (request: IncomingMessage, response: ServerResponse) => void): void {
  const hostIsLocal = localhostHostValidation()
  const originIsLocal = localhostOriginValidation()
  const server = createServer((request, response) => {
    if (hostIsLocal(request, response) && originIsLocal(request, response)) handle(request, response)
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (address !== null && typeof address === 'object') {
      process.stdout.write(`http://127.0.0.1:${address.port}/mcp\n`)
    }
  })
  process.on('disconnect', () => process.exit())
}
