/**
 * The least that a program in the middle can do: `node proxies.mjs bare-pipe|bare-parse|bare-stdio URL`. The first two
 * tell their port over IPC; the third takes requests as lines on stdin, as a bridge does, and the headers to send with
 * them as JSON in BENCH_HEADERS. Plain JavaScript: stripping types would cost the floor start time and memory.
 */
import { Agent, createServer, request } from 'node:http'
import { createInterface } from 'node:readline'

const [kind, target] = process.argv.slice(2)
const { hostname, port, pathname: path } = new URL(target)
const upstream = { hostname, port, path, agent: new Agent({ keepAlive: true }) }

function pipe(incoming, response) {
  const { method, headers } = incoming
  const outgoing = request({ ...upstream, method, headers }, (reply) => {
    response.writeHead(reply.statusCode, reply.headers)
    reply.pipe(response)
  })
  incoming.pipe(outgoing.on('error', () => response.destroy()))
}

async function parse(incoming, response) {
  const asked = rewritten(await bodyOf(incoming))
  const headers = { ...incoming.headers, 'content-length': asked.length }
  const outgoing = request({ ...upstream, method: incoming.method, headers }, async (reply) => {
    const answer = rewritten(await bodyOf(reply))
    response.writeHead(reply.statusCode, { ...reply.headers, 'content-length': answer.length })
    response.end(answer)
  })
  outgoing.on('error', () => response.destroy()).end(asked)
}

/** By events: asynchronous iteration would cost the floor more than it has to. */
function bodyOf(message) {
  const { promise, resolve } = Promise.withResolvers()
  const pieces = []
  message.on('data', (piece) => pieces.push(piece)).on('end', () => resolve(Buffer.concat(pieces)))
  return promise
}

function rewritten(body) {
  return body.length === 0 ? body : Buffer.from(JSON.stringify(JSON.parse(body.toString())))
}

function forwardLines() {
  const headers = JSON.parse(process.env.BENCH_HEADERS)
  createInterface({ input: process.stdin }).on('line', (line) => {
    headers['content-length'] = Buffer.byteLength(line)
    const outgoing = request({ ...upstream, method: 'POST', headers }, async (reply) => {
      headers['mcp-session-id'] = reply.headers['mcp-session-id'] ?? headers['mcp-session-id'] ?? ''
      const answer = await bodyOf(reply)
      if (answer.length > 0) process.stdout.write(`${answer}\n`)
    })
    outgoing.end(line)
  })
}

if (kind === 'bare-stdio') forwardLines()
else {
  const server = createServer(kind === 'bare-pipe' ? pipe : parse)
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
  process.once('disconnect', () => process.exit())
}
