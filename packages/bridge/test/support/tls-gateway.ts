import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A server on a port of its own; closing cuts its connections. */
export interface Listening extends AsyncDisposable {
  readonly port: number
}

export async function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server that listens has an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Answers every request as a gateway answers `initialize`, over TLS. */
export function openTlsGateway(
  credentials: { key: Buffer; cert: Buffer },
  seen: IncomingMessage[] = [],
): Promise<Listening> {
  return listen(createServer(credentials, answerTo(seen)))
}

export function answerTo(seen: IncomingMessage[]) {
  return (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request)
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}')
    })
  }
}
