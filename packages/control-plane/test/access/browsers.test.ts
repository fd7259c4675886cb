import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { sendRaw } from './raw-request.ts'

let plane: ControlPlane
let own: string
let port: string
let token: string

beforeAll(async () => {
  port = String(await freePort())
  plane = await ControlPlane.start({
    args: ['--port', port, '--public-url', `http://gateway.example:${port}`],
  })
  token = (await plane.workspace('team')).token
  own = new URL(plane.url).host
})

afterAll(() => plane[Symbol.asyncDispose]())

/** The public URL must name the port before it is listened on. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  // A TCP server has an address of this kind.
  const { port: found } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return found
}

type Pair = [what: string, lines: () => string[]]

/** What a page in a browser can bring about: a name of its own for our address, or its own origin. */
const FOREIGN: Pair[] = [
  ['a name that leads here', () => [`Host: rebound.example:${port}`]],
  ['a name that begins like ours', () => [`Host: 127.0.0.1.evil.com:${port}`]],
  ['a name below localhost', () => [`Host: evil.localhost:${port}`]],
  ['a name that ends like ours', () => ['Host: evil-gateway.example']],
  ['a name below ours', () => ['Host: a.gateway.example']],
  ['ours with a dot behind', () => ['Host: gateway.example.']],
  ['ours behind a user', () => [`Host: 127.0.0.1@evil.com:${port}`]],
  ['another way to write the address', () => [`Host: 2130706433:${port}`]],
  ['the unspecified address', () => [`Host: 0.0.0.0:${port}`]],
  ['an empty one', () => ['Host:']],
  ['none', () => []],
  ['two, ours first', () => [`Host: ${own}`, 'Host: evil.com']],
  ['two, ours last', () => ['Host: evil.com', `Host: ${own}`]],
  ['a foreign origin', () => [`Host: ${own}`, 'Origin: https://evil.com']],
  ['the origin of a sandbox', () => [`Host: ${own}`, 'Origin: null']],
  ['an origin below localhost', () => [`Host: ${own}`, 'Origin: http://evil.localhost']],
  ['an origin that begins like ours', () => [`Host: ${own}`, 'Origin: http://127.0.0.1.evil.com']],
  ['an origin behind ours as a user', () => [`Host: ${own}`, 'Origin: http://localhost@evil.com']],
  ['an origin that is none', () => [`Host: ${own}`, 'Origin: localhost']],
  ['an empty origin', () => [`Host: ${own}`, 'Origin:']],
  ['two origins, ours first', () => [`Host: ${own}`, `Origin: http://${own}`, 'Origin: https://evil.com']],
  ['two origins in one', () => [`Host: ${own}`, `Origin: http://${own}, https://evil.com`]],
  ['an extension', () => [`Host: ${own}`, 'Origin: chrome-extension://abcdefgh']],
  ['a file', () => [`Host: ${own}`, 'Origin: file://']],
]

/** Ours, as clients and our own pages write them. */
const OURS: Pair[] = [
  ['the address', () => [`Host: ${own}`]],
  ['localhost', () => [`Host: localhost:${port}`]],
  ['localhost in capitals', () => [`Host: LocalHost:${port}`]],
  ['the address in IPv6', () => [`Host: [::1]:${port}`]],
  ['the public name', () => ['Host: gateway.example']],
  ['our own page', () => ['Host: gateway.example', 'Origin: http://gateway.example']],
]

const REQUESTS = [
  'POST /ws/team',
  'GET /ws/team',
  'DELETE /ws/team',
  'GET /ws/team/openai/tools',
  'POST /ws/team/openai/calls',
  'GET /api/v1/whoami',
  'POST /api/v1/workspaces',
  'POST /oauth/token',
  'GET /healthz',
]

describe('[M4] a request that a page in a browser brought about', () => {
  it('is refused before its body is read, by every one of more than 20 pairs of host and origin', async () => {
    expect(FOREIGN.length).toBeGreaterThanOrEqual(20)
    for (const [what, lines] of FOREIGN)
      for (const line of REQUESTS) {
        // A body is announced and never sent: who waited for it would not answer.
        const more = [
          `Authorization: Bearer ${token}`,
          'Content-Type: application/json',
          'Content-Length: 100',
        ]
        const { status, head } = await sendRaw(plane.url, line, [...lines(), ...more])
        // Without any host it is no HTTP/1.1 at all.
        expect([what, line, status]).toEqual([what, line, what === 'none' ? 400 : 403])
        expect(head).not.toMatch(/^access-control-/im)
      }
  })

  it('is told apart from one of our own', async () => {
    for (const [what, lines] of OURS) {
      const { status, head } = await sendRaw(plane.url, 'GET /api/v1/whoami', [
        ...lines(),
        `Authorization: Bearer ${token}`,
      ])
      expect([what, status]).toEqual([what, 200])
      expect(head).not.toMatch(/^access-control-/im)
    }
  })

  it('gets no permission by asking before', async () => {
    const asks = ['Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: authorization']
    for (const path of ['/ws/team', '/api/v1/whoami', '/oauth/token', '/healthz'])
      for (const origin of ['https://evil.com', 'null', `http://${own}`]) {
        const lines = [`Host: ${own}`, `Origin: ${origin}`, ...asks]
        const { status, head } = await sendRaw(plane.url, `OPTIONS ${path}`, lines)
        expect(status).toBeGreaterThanOrEqual(400)
        expect(head).not.toMatch(/^access-control-/im)
      }
  })

  it('is judged by its host also where it names another in its first line', async () => {
    const { status, body } = await sendRaw(plane.url, 'GET http://evil.com/oauth/device', [`Host: ${own}`])
    expect(status === 200 ? body : '').not.toContain('evil.com')
  })
})
