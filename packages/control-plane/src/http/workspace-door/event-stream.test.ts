import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ByteBudget } from '../../model/byte-budget.ts'
import { DEFAULT_LIMITS } from '../../model/limits.ts'
import { SlowReaders } from './slow-readers.ts'

const readers = new SlowReaders(DEFAULT_LIMITS, new ByteBudget(0))

afterEach(() => {
  vi.useRealTimers()
  vi.resetModules()
})

/** The room with its timers in the test's hand: keep-alives come when time is told to pass. */
async function load() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.resetModules()
  return import('./event-stream.ts')
}

interface Reader extends AsyncDisposable {
  response: ServerResponse
  socket: Socket
  /** Resolves with everything that came when the text is part of it. */
  holds(text: string): Promise<string>
}

/** A real server's response and the client that reads it. */
async function openReader(): Promise<Reader> {
  const server = createServer()
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let received = ''
  const arrived = () => received
  socket.setEncoding('utf8').on('data', (text) => {
    received += text
  })
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  return {
    response,
    socket,
    async holds(text) {
      while (!arrived().includes(text)) await once(socket, 'data')
      return arrived()
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const message = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('an event stream', () => {
  it('begins at once, so that a client knows it is open', async () => {
    const { openEventStream } = await load()
    await using reader = await openReader()
    openEventStream(reader.response, readers, { 'mcp-session-id': 'x' })
    const head = (await reader.holds('\r\n\r\n')).toLowerCase()
    expect(head).toContain('content-type: text/event-stream')
    expect(head).toContain('cache-control: no-store')
    expect(head).toContain('mcp-session-id: x')
  })

  it('carries each message as one event, also one that was written on many lines', async () => {
    const { openEventStream, writeEvent } = await load()
    await using reader = await openReader()
    openEventStream(reader.response, readers)
    const many = '{\r\n "text": "line\\nbreak",\n\n\r "data": "event: x\\n\\ndata: evil"\n}'
    expect(writeEvent(reader.response, Buffer.from(many))).toBe(true)
    expect(writeEvent(reader.response, message({ last: true }))).toBe(true)
    const text = await reader.holds('"last":true}\n\n')
    const events = [...text.matchAll(/event: message\ndata: ([^\r\n]*)\n\n/g)].map(([, data]) =>
      JSON.parse(data ?? ''),
    )
    expect(events).toEqual([{ text: 'line\nbreak', data: 'event: x\n\ndata: evil' }, { last: true }])
  })

  it('does not change the bytes it was given', async () => {
    const { openEventStream, writeEvent } = await load()
    await using reader = await openReader()
    openEventStream(reader.response, readers)
    const given = Buffer.from('{\n}')
    writeEvent(reader.response, given)
    expect(given.toString()).toBe('{\n}')
  })

  it('is kept alive while it is silent', async () => {
    const { openEventStream } = await load()
    await using reader = await openReader()
    openEventStream(reader.response, readers)
    vi.advanceTimersByTime(15_000)
    expect(await reader.holds(': keep-alive\n\n')).toMatch(/\r\n: keep-alive\n\n/)
  })

  it('is cut when its reader leaves too much unread', async () => {
    const { openEventStream, writeEvent } = await load()
    await using reader = await openReader()
    reader.socket.pause()
    openEventStream(reader.response, readers)
    const large = message({ text: 'x'.repeat(1024 * 1024) })
    let written = 0
    while (written < 100 && writeEvent(reader.response, large)) written++
    expect(written).toBeGreaterThan(5)
    expect(written).toBeLessThan(30)
    expect(reader.response.destroyed).toBe(true)
    expect(writeEvent(reader.response, large)).toBe(false)
  })

  it('whose reader is slow to read the end is left in peace: nothing is written behind the end', async () => {
    const { openEventStream, writeEvent } = await load()
    await using reader = await openReader()
    const errors: unknown[] = []
    reader.response.on('error', (error) => errors.push(error))
    reader.socket.pause()
    openEventStream(reader.response, readers)
    expect(writeEvent(reader.response, message({ text: 'x'.repeat(7 * 1024 * 1024) }))).toBe(true)
    reader.response.end()
    expect(reader.response.writableFinished).toBe(false)

    vi.advanceTimersByTime(60_000)
    expect(writeEvent(reader.response, message({ late: true }))).toBe(false)
    reader.socket.resume()
    await once(reader.response, 'close')
    expect(errors).toEqual([])
  })

  it('that its reader has closed takes no more, and is forgotten', async () => {
    const { openEventStream, writeEvent } = await load()
    await using reader = await openReader()
    openEventStream(reader.response, readers)
    reader.socket.destroy()
    await once(reader.response, 'close')
    const write = vi.spyOn(reader.response, 'write')
    expect(writeEvent(reader.response, message({}))).toBe(false)
    vi.advanceTimersByTime(60_000)
    expect(write).not.toHaveBeenCalled()
  })
})
