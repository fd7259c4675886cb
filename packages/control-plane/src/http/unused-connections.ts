import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections on which nothing was asked yet. Browsers and pools open some ahead of need; Node does not count them as
 * idle, so a closing server would wait for them.
 */
export function watchUnusedConnections(server: Server): { close(): void } {
  const unused = new Set<Socket>()
  server.on('connection', (socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  return {
    close() {
      for (const socket of unused) socket.destroy()
    },
  }
}
