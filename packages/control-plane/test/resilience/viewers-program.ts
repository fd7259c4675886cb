/**
 * Watches the live log as many browsers do, from a process of its own so that reading is not measured with the
 * gateway. Arguments: a URL, and tokens that open 8 streams each. Tells its parent when all are open, and when each has
 * seen as many rows as the parent asks for.
 */
import { connect, type Socket } from 'node:net'

const [address = '', ...tokens] = process.argv.slice(2)
const url = new URL(address)
const PER_TOKEN = 8
const ROW = Buffer.from('\ndata: ')

function watch(token: string): Promise<{ socket: Socket; rows: () => number }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname)
    let rows = 0
    socket.once('data', (head) => {
      if (head.includes('HTTP/1.1 200')) resolve({ socket, rows: () => rows })
      else reject(new Error(head.toString()))
    })
    socket.on('data', (chunk) => {
      for (let at = chunk.indexOf(ROW); at !== -1; at = chunk.indexOf(ROW, at + ROW.length)) rows += 1
    })
    socket.once('error', reject)
    socket.write(
      `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n\r\n`,
    )
  })
}

const watched = tokens.flatMap((token) => Array.from({ length: PER_TOKEN }, () => token))
const viewers = await Promise.all(watched.map(watch))
process.send?.({ open: viewers.length })
process.once('message', ({ rows }: { rows: number }) => {
  const timer = setInterval(() => {
    if (viewers.some((viewer) => viewer.rows() < rows)) return
    clearInterval(timer)
    for (const { socket } of viewers) socket.destroy()
    process.send?.({ seen: viewers.length }, () => process.disconnect())
  }, 20)
})
