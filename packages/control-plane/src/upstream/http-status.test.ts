import { expect, it } from 'vitest'
import { failureOfStatus } from './http-status.ts'

const body = Buffer.from('stack trace with a password')
const failure = (status: number, hadSession = false, rpcCode?: number) =>
  failureOfStatus(status, body, hadSession, 'https://mcp.example', rpcCode)

it.each([
  [200, 'upstream_invalid'],
  [204, 'upstream_invalid'],
  [301, 'upstream_refused'],
  [307, 'upstream_refused'],
  [400, 'upstream_refused'],
  [401, 'upstream_refused'],
  [403, 'upstream_refused'],
  [404, 'upstream_refused'],
  [405, 'upstream_refused'],
  [418, 'upstream_refused'],
  [429, 'upstream_unavailable'],
  [500, 'upstream_unavailable'],
  [503, 'upstream_unavailable'],
  [599, 'upstream_unavailable'],
])('says what HTTP %s without a reply means, what to do, and nothing of its body', (status, code) => {
  const { kind, error, status: told } = failure(status)
  expect({ kind, told, code: error.code }).toEqual({ kind: 'status', told: status, code })
  expect(error.message).toMatch(/^https:\/\/mcp\.example .*\.$/)
  expect(error.message).toContain(`HTTP ${status}`)
  expect(error.fix).toMatch(/\.$/)
  expect(JSON.stringify([error.message, error.fix])).not.toContain('password')
})

it('takes a 404 for a lost session only where there was one', () => {
  expect(failure(404, true)).toMatchObject({ kind: 'session-lost', error: { code: 'upstream_unavailable' } })
  expect(failure(404, false).kind).toBe('status')
  expect(failure(400, true).kind).toBe('status')
})

it('keeps the JSON-RPC code that the answer had', () => {
  expect(failure(400, false, -32_022)).toMatchObject({ rpcCode: -32_022 })
  expect(failure(404, true, -32_600)).toMatchObject({ rpcCode: -32_600 })
  expect(failure(400)).not.toHaveProperty('rpcCode')
})
