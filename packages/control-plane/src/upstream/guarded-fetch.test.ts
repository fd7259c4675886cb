import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createAddressGuard } from './address-guard.ts'
import { createGuardedFetch } from './guarded-fetch.ts'

const open: { close(): void; closeAllConnections(): void }[] = []

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const limits = { withinMs: 300, maxBytes: 1_000 }
const fetchAllowed = createGuardedFetch(
  createAddressGuard(['127.0.0.0/8'], () => undefined),
  limits,
)

describe('a guarded request', () => {
  it('gives status, headers and body', async () => {
    const url = await serve((request, response) => {
      response.writeHead(418, { 'x-method': request.method ?? '' })
      request.pipe(response)
    })
    const answer = await fetchAllowed(url, { method: 'POST', body: 'a=b' })
    expect([answer.status, answer.headers.get('x-method'), await answer.text()]).toEqual([418, 'POST', 'a=b'])
  })

  it('[M6] follows no redirect, and tells nobody what it was sent', async () => {
    let reached = 0
    const sink = await serve((_request, response) => {
      reached++
      response.end()
    })
    for (const status of [301, 302, 303, 307, 308]) {
      const url = await serve(
        (_request, response) => void response.writeHead(status, { location: sink }).end(),
      )
      await expect(fetchAllowed(url, { method: 'POST', body: 'secret' })).rejects.toMatchObject({
        code: 'upstream_refused',
        message: `${url} redirects to another address, which is not followed when logging in.`,
      })
    }
    expect(reached).toBe(0)
  })

  it('ends when the answer is too large, announced or not', async () => {
    for (const headers of [{ 'content-length': '5000' }, {}]) {
      const url = await serve(
        (_request, response) => void response.writeHead(200, headers).end('x'.repeat(5_000)),
      )
      await expect(fetchAllowed(url)).rejects.toMatchObject({ code: 'upstream_invalid' })
    }
  })

  it('ends when nothing comes, or comes too slowly', async () => {
    const silent = await serve(() => undefined)
    const slow = await serve((_request, response) => void response.write('a'))
    for (const url of [silent, slow])
      await expect(fetchAllowed(url)).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it('needs no end of a body that it does not want', async () => {
    const url = await serve((_request, response) => void response.writeHead(401, { 'x-a': 'b' }).write('a'))
    expect((await fetchAllowed(url, { withoutBody: true })).headers.get('x-a')).toBe('b')
  })

  it('[M7] reaches no private address', async () => {
    const url = await serve((_request, response) => void response.end())
    const fetchPublic = createGuardedFetch(createAddressGuard([], () => undefined))
    for (const private_ of [url, url.replace('127.0.0.1', 'localhost'), 'http://169.254.169.254/latest'])
      await expect(fetchPublic(private_)).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
