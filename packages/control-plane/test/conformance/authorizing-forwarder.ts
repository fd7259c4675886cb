import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request as sendRequest } from 'node:http'
import { pipeline } from 'node:stream/promises'

export type Forwarder = AsyncDisposable & { url: string }

/** They describe one connection, not the message, so each side of the forwarder has its own. */
const perConnection = new Set(['connection', 'keep-alive', 'proxy-connection'])

/**
 * Stands before `target` on a free loopback port and adds an Authorization header to whatever comes, for
 * callers that cannot. Host, Origin and every other header arrive as they were sent; bodies stream both ways;
 * when either side goes away, so does the other.
 */
export async function openAuthorizingForwarder(options: {
  target: string
  token: string
}): Promise<Forwarder> {
  const target = new URL(options.target)
  // Without keep-alive: a request must never die on a connection the target was just closing.
  const agent = new Agent({ keepAlive: false })
  const server = createServer((incoming, response) =>
    forward({ incoming, response, target, agent, token: options.token }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server.address())}${target.pathname}${target.search}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

type Exchange = {
  incoming: IncomingMessage
  response: ServerResponse
  target: URL
  agent: Agent
  token: string
}

function forward({ incoming, response, target, agent, token }: Exchange): void {
  const outgoing = sendRequest({
    agent,
    host: target.hostname,
    port: target.port,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: [...without(incoming.rawHeaders, 'authorization'), 'Authorization', `Bearer ${token}`],
  })
  outgoing.on('response', (answer) => relay(answer, response))
  outgoing.on('error', () => refuse(response))
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

function relay(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, without(answer.rawHeaders))
  // An event stream may stay silent for long; its client waits for the headers.
  response.flushHeaders()
  // Either side breaking off destroys the other, which is all there is to do about it.
  pipeline(answer, response).catch(() => undefined)
}

function refuse(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(502).end()
}

/** Raw headers alternate names and values, in the sender's spelling and order. */
function without(rawHeaders: string[], name?: string): string[] {
  return rawHeaders.filter((_, index) => {
    const header = rawHeaders[index - (index % 2)]?.toLowerCase()
    return header !== undefined && header !== name && !perConnection.has(header)
  })
}

function portOf(address: string | { port: number } | null): number {
  if (address === null || typeof address === 'string')
    throw new Error('The forwarder does not listen on a port.')
  return address.port
}
