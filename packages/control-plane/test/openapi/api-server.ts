import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived, before anything was decoded. */
export interface Arrived {
  method: string
  url: string
  path: string
  query: string
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: string
}

export interface Answered {
  status?: number
  headers?: Record<string, string>
  body?: string | Buffer
}

export interface ApiServer extends AsyncDisposable {
  url: string
  /** Without those that only looked whether it is there. */
  arrived: Arrived[]
  last(): Arrived
  /** How many requests were given up before they were answered. */
  givenUp: number
}

/** A real HTTP server that answers as it is told; undefined is never answered. */
export async function startApi(
  answer: (request: Arrived) => Answered | undefined | Promise<Answered | undefined>,
  onPort = 0,
): Promise<ApiServer> {
  const arrived: Arrived[] = []
  const counts = { givenUp: 0 }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const [path = '', ...query] = (request.url ?? '').split('?')
    const one: Arrived = {
      method: request.method ?? '',
      url: request.url ?? '',
      path,
      query: query.join('?'),
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body: Buffer.concat(chunks).toString(),
    }
    response.once('close', () => {
      if (!response.writableFinished) counts.givenUp++
    })
    if (one.method !== 'HEAD') arrived.push(one)
    const told = await answer(one)
    if (told === undefined) return
    response.writeHead(told.status ?? 200, told.headers ?? {}).end(told.body)
  })
  await new Promise<void>((resolve) => server.listen(onPort, '127.0.0.1', resolve))
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    arrived,
    get givenUp() {
      return counts.givenUp
    },
    last() {
      const last = arrived.at(-1)
      if (last === undefined) throw new Error('Nothing has arrived.')
      return last
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function json(value: unknown, status = 200): Answered {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value, null, 2) }
}
