import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createAddressGuard } from '../address-guard.ts'
import { type EgressProxy, openEgressProxy } from './egress-proxy.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-egress-'))
const CONNECT_MS = 200
let proxy: EgressProxy

beforeAll(async () => {
  proxy = await openEgressProxy({
    socketPath: join(folder, 'egress.sock'),
    guard: createAddressGuard(['127.0.0.0/8'], () => undefined),
    connectTimeoutMs: CONNECT_MS,
  })
})

afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

interface Site {
  port: number
  /** What it was asked, as it came. */
  asked: string[]
}

/** A server that answers every request with these bytes, whatever they are. */
async function startSite(answer: string, delayMs = 0): Promise<Site> {
  const asked: string[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      asked.push(String(data))
      setTimeout(() => socket.end(answer, 'latin1'), delayMs)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  // A server that listens on a port has such an address.
  return { port: (server.address() as net.AddressInfo).port, asked }
}

function ask(request: string): Promise<string> {
  const socket = net.connect(proxy.socketPath)
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), 5_000)
  socket.once('close', () => clearTimeout(timer))
  socket.write(request)
  return text(socket)
}

const get = (port: number, host = 'site') =>
  ask(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)

describe('the way out of a filtered sandbox', () => {
  it.each([
    ['a status that there is not', 'HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n'],
    ['a status below the first', 'HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 X\r\nupgrade: odd\r\nconnection: upgrade\r\n\r\n'],
    ['nothing but a promise', 'HTTP/1.1 103 X\r\n\r\n'],
    ['odd bytes in a header', 'HTTP/1.1 200 X\r\nodd: a\x01b\r\n\r\n'],
    ['no HTTP', 'hello'],
    ['nothing', ''],
  ])('outlives a site that answers with %s, and says that it was no answer', async (_, answer) => {
    const { port } = await startSite(answer)
    expect(await get(port)).toMatch(/^HTTP\/1\.1 502 /)
    const good = await startSite('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi')
    expect(await get(good.port)).toMatch(/^HTTP\/1\.1 200 [\s\S]*hi$/)
  })

  it('waits for an answer longer than for a connection', async () => {
    const { port } = await startSite('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate', 3 * CONNECT_MS)
    expect(await get(port)).toMatch(/late$/)
  })

  it('tells a site the host of the address that was asked for and judged, not another', async () => {
    const { port, asked } = await startSite('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    await get(port, 'metadata.google.internal')
    expect(asked).toEqual([expect.stringContaining(`127.0.0.1:${port}\r\n`)])
    expect(asked.join()).not.toContain('metadata')
  })
})
