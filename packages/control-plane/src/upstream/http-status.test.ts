import { expect, it } from 'vitest'
import { failureOfStatus } from './http-status.ts'

const failure = (status: number, hadSession = false, rpcCode?: number) =>
  failureOfStatus({ status, hadSession, where: 'https://mcp.example', rpcCode })

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
])('says what HTTP %s without a reply means, and what to do', (status, code) => {
  const { kind, error, status: told } = failure(status)
  expect({ kind, told, code: error.code }).toEqual({ kind: 'status', told: status, code })
  expect(error.message).toMatch(/^https:\/\/mcp\.example .*\.$/)
  expect(error.message).toContain(`HTTP ${status}`)
  expect(error.fix).toMatch(/\.$/)
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

const CHALLENGE = { 'www-authenticate': 'Bearer resource_metadata="https://mcp.example/.well-known/x"' }
const where = 'https://mcp.example'

it('says how to add a server that wants a login by OAuth', () => {
  const { error } = failureOfStatus({ status: 401, headers: CHALLENGE, where })
  expect(error).toMatchObject({ code: 'upstream_refused', fix: expect.stringContaining('"oauth"') })
  expect(failure(401).error.fix).not.toContain('oauth')
})

it('takes a 401 with an access token for the end of a login, and tells which one it was', () => {
  const login = { credentialVersion: 7 }
  expect(failureOfStatus({ status: 401, headers: CHALLENGE, where, login })).toMatchObject({
    error: { code: 'needs_login' },
    credentialVersion: 7,
  })
  expect(failureOfStatus({ status: 403, where, login }).error.code).toBe('upstream_refused')
})
