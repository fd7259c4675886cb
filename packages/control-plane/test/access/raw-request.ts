import { connect } from 'node:net'

export interface RawAnswer {
  /** 0 when the connection was cut without an answer. */
  status: number
  /** Status line and headers. */
  head: string
  body: string
}

/**
 * One HTTP request exactly as written, for what no client would send. `headers` are whole lines; `Connection: close` is
 * added, and the length of the body unless a line says one. An answer that has not ended after its headers is read no further when it is a stream of events.
 */
export async function sendRaw(
  origin: string,
  requestLine: string,
  headers: readonly string[],
  body = '',
): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  const length = headers.some((line) => /^content-length:/i.test(line))
    ? []
    : [`Content-Length: ${body.length}`]
  const lines = [`${requestLine} HTTP/1.1`, ...headers, 'Connection: close', ...length]
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    if (/^content-type: text\/event-stream/im.test(received)) socket.destroy()
  })
  // The server may have refused and closed while we still send: what it said before counts.
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'))
  await closed
  const [head = '', ...rest] = received.split('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), head, body: rest.join('\r\n\r\n') }
}

/** The line every request must have. */
export function hostLine(origin: string): string {
  return `Host: ${new URL(origin).host}`
}
