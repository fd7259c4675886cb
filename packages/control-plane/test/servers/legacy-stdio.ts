/** The smallest legacy MCP server on stdio that can be written by hand, for servers that must misbehave. */
import { createInterface } from 'node:readline'

/** Gives the value to answer with; the id is that of the request, for tools that answer by themselves first. */
export type Tool = (args: Record<string, unknown>, id: string | number) => unknown

interface Request {
  id?: string | number
  method?: string
  params?: { protocolVersion?: string; name?: string; arguments?: Record<string, unknown> }
}

export interface LegacyServer {
  name: string
  tools: Record<string, Tool>
  /** Runs before each answer. */
  beforeAnswer?: () => void
}

const LEGACY_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']

export function serveLegacyStdio(server: LegacyServer) {
  createInterface({ input: process.stdin }).on('line', (line) => {
    // A test's own client writes these lines, so their shape is known.
    const request = JSON.parse(line) as Request
    if (request.id === undefined || request.method === undefined) return
    const answer = answerTo(request, server)
    server.beforeAnswer?.()
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: request.id, ...answer })}\n`)
  })
}

function answerTo({ id = 0, method, params }: Request, { name, tools }: LegacyServer) {
  switch (method) {
    case 'initialize':
      return { result: initialized(name, params?.protocolVersion) }
    case 'ping':
      return { result: {} }
    case 'tools/list':
      return { result: { tools: Object.keys(tools).map(definition) } }
    case 'tools/call':
      return called(tools[params?.name ?? ''], params?.arguments ?? {}, id)
    default:
      return { error: { code: -32601, message: `No method named ${method}` } }
  }
}

function initialized(name: string, asked = '') {
  const protocolVersion = LEGACY_VERSIONS.includes(asked) ? asked : '2025-11-25'
  return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name, version: '1.0.0' } }
}

function definition(name: string) {
  return { name, description: `The tool ${name}.`, inputSchema: { type: 'object' } }
}

function called(tool: Tool | undefined, args: Record<string, unknown>, id: string | number) {
  if (tool === undefined) return { error: { code: -32602, message: 'Unknown tool' } }
  return { result: { content: [{ type: 'text', text: JSON.stringify(tool(args, id)) }] } }
}
