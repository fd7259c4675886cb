import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a PostgreSQL that can be cut, as a network can. */
export interface DatabaseForwarder extends AsyncDisposable {
  /** The URL of the same database, over this way. */
  url: string
  /** Ends every connection and takes no new one, until `restore`. */
  cut(): void
  /** Nothing passes any more on the connections on which changes are heard, and nobody is told. */
  silenceListeners(): void
  restore(): void
}

/** PostgreSQL's clients say their name in clear at the start of a connection. */
const LISTENER_NAME = 'mcpgw listener'

export async function forwardDatabase(databaseUrl: string): Promise<DatabaseForwarder> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const listeners = new Set<Socket>()
  let state: 'open' | 'cut' | 'silent' = 'open'

  const server = createServer((client) => {
    if (state === 'cut') return void client.destroy()
    const database = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined)
      from.once('close', () => {
        sockets.delete(from)
        listeners.delete(from)
        to.destroy()
      })
      from.on('data', (chunk: Buffer) => {
        if (from === client && chunk.includes(LISTENER_NAME)) listeners.add(client).add(database)
        if (state === 'silent' && listeners.has(from)) return
        to.write(chunk)
      })
    }
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const url = new URL(databaseUrl)
  // A TCP server has an address of this kind.
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    cut() {
      state = 'cut'
      endAll()
    },
    silenceListeners() {
      state = 'silent'
    },
    restore() {
      // What was swallowed never arrives: those connections are of no use any more.
      for (const socket of listeners) socket.destroy()
      state = 'open'
    },
    async [Symbol.asyncDispose]() {
      endAll()
      await new Promise((closed) => server.close(closed))
    },
  }
}
