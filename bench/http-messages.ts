import { once } from 'node:events'
import { connect } from 'node:net'

export interface HttpMessage {
  /** Start line and headers, without the empty line. */
  head: string
  body: Buffer
}

const HEAD_END = '\r\n\r\n'
const SILENCE_MS = 10_000

/** Cuts the bytes of a connection into messages whose length the head tells: all that is needed here, and cheap. */
export function createReader(onMessage: (message: HttpMessage) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let size = 0
  let needed = 1
  return (chunk) => {
    chunks.push(chunk)
    size += chunk.length
    while (size >= needed) {
      const data = Buffer.concat(chunks)
      const headEnd = data.indexOf(HEAD_END)
      const head = data.toString('latin1', 0, Math.max(headEnd, 0))
      const bodyStart = headEnd + HEAD_END.length
      const end = headEnd === -1 ? size + 1 : bodyStart + bodyLength(head)
      const isWhole = size >= end
      if (isWhole) onMessage({ head, body: data.subarray(bodyStart, end) })
      chunks = isWhole ? [data.subarray(end)] : [data]
      size = isWhole ? size - end : size
      needed = isWhole ? 1 : end
    }
  }
}

function bodyLength(head: string): number {
  if (headerIn(head, 'transfer-encoding') !== undefined) throw new Error(`Its length is not told:\n${head}`)
  return Number(headerIn(head, 'content-length') ?? 0)
}

/** The header's value, by its name in lower case. */
export function headerIn(head: string, name: string): string | undefined {
  const lines = head.split('\r\n')
  const line = lines.find((candidate) => candidate.slice(0, name.length + 1).toLowerCase() === `${name}:`)
  return line?.slice(name.length + 1).trim()
}

export function postBytes(url: URL, headers: Record<string, string>, body: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const start = `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n`
  return Buffer.from(`${start}${lines.join('')}content-length: ${Buffer.byteLength(body)}${HEAD_END}${body}`)
}

export interface Connection {
  /** Sends the bytes of one request. The next one may be sent when this one is answered. */
  ask(request: Buffer): Promise<HttpMessage>
  close(): void
}

export async function openConnection(url: URL): Promise<Connection> {
  let waiting: PromiseWithResolvers<HttpMessage> | undefined
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  await once(socket, 'connect')
  const read = createReader((message) => waiting?.resolve(message))
  socket.on('data', read)
  socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`${url} was silent for ${SILENCE_MS} ms.`)))
  socket.on('error', (error) => waiting?.reject(error))
  socket.on('close', () => waiting?.reject(new Error(`${url} closed the connection.`)))
  const ask = (request: Buffer) => {
    waiting = Promise.withResolvers()
    socket.write(request)
    return waiting.promise
  }
  return { ask, close: () => socket.destroy() }
}
