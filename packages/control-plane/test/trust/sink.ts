import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** A place that must not be reached: counts connections and keeps what was said on them. */
export interface Sink extends AsyncDisposable {
  port: number
  connections: number
  heard: string
}

/** Listens on every address of this machine, of both families. */
export async function openSink(): Promise<Sink> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sink.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      sink.heard += chunk
    })
  })
  server.listen(0, '::')
  await once(server, 'listening')
  const sink: Sink = {
    // A TCP server has an address of this kind.
    port: (server.address() as AddressInfo).port,
    connections: 0,
    heard: '',
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
  return sink
}
