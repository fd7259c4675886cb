/** An MCP server that costs as little as possible: `node mock-upstream.ts legacy|modern`; tells its port over IPC. */
import { randomUUID } from 'node:crypto'
import { type AddressInfo, createServer } from 'node:net'
import { createReader, type HttpMessage, headerIn } from './http-messages.ts'
import { type Params, REVISION } from './rpc-requests.ts'
import { BLOB_BYTES, BLOB_END, TOOL_COUNT } from './scenarios.ts'

interface Answer {
  status: string
  headers?: string
  body?: Buffer
}

const isModern = process.argv[2] === 'modern'
const complete = isModern ? { resultType: 'complete' } : {}
const mayBeKept = isModern ? { ...complete, ttlMs: 60_000, cacheScope: 'private' } : {}
const about = { capabilities: { tools: {} }, serverInfo: { name: 'mock', version: '1.0.0' } }
const sessions = new Set<string>()

const line = 'A line with "quotes", a \\ and an é, as the output of tools has them.\n'
const blob = tailWith(line.repeat(BLOB_BYTES / Buffer.byteLength(line)) + BLOB_END)
const list = tail({ ...mayBeKept, tools: Array.from({ length: TOOL_COUNT }, toolAt) })

function toolAt(_: unknown, index: number): Params {
  const name = ['echo', 'blob'][index] ?? `tool_${String(index).padStart(3, '0')}`
  const description = `Number ${index} of the mock's tools, described at the length that real servers use.`
  const text = {
    type: 'string',
    description: 'The text to work on, in any language, at most a few pages long',
  }
  const limit = { type: 'integer', minimum: 1, maximum: 100, description: 'How many results to return' }
  return {
    name,
    description,
    inputSchema: { type: 'object', properties: { text, limit }, required: ['text'] },
  }
}

function tailWith(text: unknown): Buffer {
  return tail({ ...complete, content: [{ type: 'text', text }] })
}

/** All of a reply but its beginning, which holds the id. */
function tail(result: Params): Buffer {
  return Buffer.from(`,"result":${JSON.stringify(result)}}`)
}

function answer({ head, body }: HttpMessage): Answer {
  if (!head.startsWith('POST')) return { status: '405 Method Not Allowed' }
  if (headerIn(head, 'authorization') === undefined) return { status: '401 Unauthorized' }
  // The callers are our own, so the shape is known.
  const { id, method, params } = JSON.parse(body.toString()) as {
    id?: number
    method: string
    params: Params
  }
  const begins = !isModern && method === 'initialize'
  const isKnown = isModern || begins || sessions.has(headerIn(head, 'mcp-session-id') ?? '')
  if (!isKnown) return { status: '400 Bad Request' }
  if (id === undefined) return { status: '202 Accepted' }
  const rest = tailFor(method, params)
  if (rest === undefined) return { status: '404 Not Found' }
  const headers = begins ? `mcp-session-id: ${beginSession()}\r\n` : ''
  return {
    status: '200 OK',
    headers,
    body: Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${id}`), rest]),
  }
}

function beginSession(): string {
  const sessionId = randomUUID()
  sessions.add(sessionId)
  return sessionId
}

function tailFor(method: string, params: Params): Buffer | undefined {
  if (method === 'tools/call')
    return params.name === 'blob' ? blob : tailWith((params.arguments as Params).text)
  if (method === 'tools/list') return list
  if (method === 'initialize') return tail({ protocolVersion: REVISION.legacy, ...about })
  if (method !== 'server/discover') return undefined
  return tail({ ...mayBeKept, supportedVersions: [REVISION.modern], ...about })
}

const server = createServer({ noDelay: true }, (socket) => {
  const read = createReader((message) => {
    const { status, headers = '', body = Buffer.alloc(0) } = answer(message)
    const type = body.length === 0 ? '' : 'content-type: application/json\r\n'
    socket.cork()
    socket.write(`HTTP/1.1 ${status}\r\n${type}${headers}content-length: ${body.length}\r\n\r\n`)
    socket.write(body)
    socket.uncork()
  })
  socket.on('data', read).on('error', () => {})
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // It listens on TCP, so this is an object.
  process.send?.(port)
})
