import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createAdaptorServer } from '@hono/node-server'
import { describe, expect, it } from 'vitest'
import { type Caller, type Installation, openInstallation } from './installation.ts'

describe('the admin API over a socket', () => {
  it('does what needs no body without one, as curl -X POST sends it', async () => {
    await using gateway = await openInstallation()
    await using server = await listen(gateway)
    await gateway.ask('admin', 'POST', '/workspaces/acme/servers', {
      name: 'notes',
      url: 'https://a.example/',
    })
    const checked = await server.send('admin', {
      method: 'POST',
      path: '/workspaces/acme/servers/notes/check',
    })
    expect(checked.statusCode).toBe(200)
    expect(JSON.parse(await text(checked)).status).toBe('ready')
    const removed = await server.send('admin', { method: 'DELETE', path: '/workspaces/acme/servers/notes' })
    expect(removed.statusCode).toBe(204)
  })

  it('stops reading a chunked body that never ends', async () => {
    await using gateway = await openInstallation()
    await using server = await listen(gateway)
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    const sending = server.open('owner', { method: 'POST', path: '/workspaces', headers })
    // The server closes the connection while we write.
    sending.on('error', () => undefined)
    const writing = setInterval(() => sending.write(' '.repeat(65_536)), 1)
    const [response] = (await once(sending, 'response')) as [IncomingMessage]
    clearInterval(writing)
    expect(response.statusCode).toBe(413)
    sending.destroy()
  })

  it('makes room for another stream when a follower goes away', async () => {
    await using gateway = await openInstallation()
    await using server = await listen(gateway)
    const tail = { method: 'GET', path: '/workspaces/acme/audit/tail' }
    const followers = await Promise.all(Array.from({ length: 8 }, () => server.send('admin', tail)))
    expect((await server.send('admin', tail)).statusCode).toBe(429)
    followers[0]?.destroy()
    await expect.poll(async () => (await server.send('admin', tail)).statusCode).toBe(200)
  })
})

async function listen(gateway: Installation) {
  const server = createAdaptorServer({ fetch: gateway.app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo

  function open(caller: Caller, { path, headers, ...options }: RequestOptions): ClientRequest {
    const authorization = `Bearer ${gateway.secrets[caller]}`
    return request({
      ...options,
      port,
      host: '127.0.0.1',
      path: `/api/v1${path}`,
      headers: { ...headers, authorization },
    })
  }

  return {
    open,
    async send(caller: Caller, options: RequestOptions): Promise<IncomingMessage> {
      const [response] = await once(open(caller, options).end(), 'response')
      return response
    },
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
