import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../../src/access/token-format.ts'
import { ControlPlane } from '../control-plane.ts'
import { ENVELOPE, MODERN } from './doors.ts'

let plane: ControlPlane
let url: string
let good: string

beforeAll(async () => {
  plane = await ControlPlane.start()
  const team = await plane.workspace('team')
  url = team.url
  good = team.token
})

afterAll(() => plane[Symbol.asyncDispose]())

const wellFormed = () => mintToken({ bytes: randomBytes })

/** A token whose checksum does not fit. */
function badChecksum(): string {
  const token = wellFormed()
  return `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`
}

async function askMcp(token: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/list',
      authorization: `Bearer ${token}`,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: ENVELOPE } }),
  })
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    challenge: response.headers.get('www-authenticate'),
    body: await response.json(),
  }
}

async function askAdmin(token: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${plane.url}/api/v1/whoami`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    challenge: response.headers.get('www-authenticate'),
    body: await response.json(),
  }
}

describe('bad tokens from one address', () => {
  it('[T8] are refused as too many after ten in a minute at all doors together, and a good one never is', async () => {
    const statuses: number[] = []
    const goodStatuses: number[] = []
    const startedAt = performance.now()
    for (let count = 0; count < 100; count += 1) {
      const ask = count % 2 === 0 ? askMcp : askAdmin
      const { status, retryAfter, challenge, body } = await ask(
        count % 3 === 0 ? badChecksum() : wellFormed(),
      )
      statuses.push(status)
      expect(JSON.stringify(body)).toContain('This token is not accepted')
      expect(challenge).toMatch(/^Bearer realm="mcpgw", error="invalid_token"/)
      if (status === 429) {
        expect(Number(retryAfter)).toBeGreaterThanOrEqual(1)
        expect(Number(retryAfter)).toBeLessThanOrEqual(60)
        expect(JSON.stringify(body)).toContain('too_many')
      }
      goodStatuses.push((await ask(good)).status)
    }
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(90).fill(429)])
    expect(goodStatuses).toEqual(Array(100).fill(200))
  })

  it('[T8] are counted where one was presented: a request without is told that it needs one', async () => {
    for (const path of ['/ws/team', '/api/v1/whoami']) {
      const method = path === '/ws/team' ? 'POST' : 'GET'
      expect((await fetch(`${plane.url}${path}`, { method })).status).toBe(401)
    }
  })

  it('[T9] are not hidden by a hundred addresses that the caller made up', async () => {
    const statuses: number[] = []
    for (let count = 0; count < 100; count += 1) {
      const forged = {
        'x-forwarded-for': `198.51.100.${count}`,
        'x-real-ip': `198.51.100.${count}`,
        forwarded: `for=198.51.100.${count}`,
      }
      const ask = count % 2 === 0 ? askMcp : askAdmin
      statuses.push((await ask(wellFormed(), forged)).status)
    }
    // Ten when the minute of the test before is over meanwhile.
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(10)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(90)
  })

  it('[T1] are refused all 10,000 when their checksum does not fit', async () => {
    const bad = Array.from({ length: 10_000 }, badChecksum)
    const statuses = await askAllAtOnce(bad)
    expect(statuses).toHaveLength(10_000)
    expect(statuses.filter((status) => status !== 401 && status !== 429)).toEqual([])
    expect((await askMcp(good)).status).toBe(200)
  })
})

/** One request a token, all of them on one connection before the first is answered. */
async function askAllAtOnce(tokens: readonly string[]): Promise<number[]> {
  const { hostname, port, host } = new URL(plane.url)
  const requests = tokens.map(
    (token, index) =>
      `GET /ws/team HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${token}\r\n${
        index === tokens.length - 1 ? 'Connection: close\r\n' : ''
      }\r\n`,
  )
  const socket = connect(Number(port), hostname).setEncoding('latin1')
  socket.write(requests.join(''))
  let received = ''
  for await (const text of socket) received += text
  return Array.from(received.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status))
}
