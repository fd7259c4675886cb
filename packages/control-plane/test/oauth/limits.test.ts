import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClientAddresses } from '../../src/http/callers/client-addresses.ts'
import { createOAuthApp } from '../../src/http/oauth/app.ts'
import { type Installation, openInstallation } from '../admin/installation.ts'
import { codeRequest, encode, type Fields, makePkce } from './client.ts'

/** An installation whose clock stands still until it is told to go on. */
let installation: Installation
let post: (path: string, fields: Fields, from?: Caller) => Promise<Answer>

const ORIGIN = 'http://gateway.test'
const WORKSPACE = `${ORIGIN}/ws/acme`
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

interface Caller {
  address?: string
  forwardedFor?: string
}
interface Answer {
  status: number
  location: URL | undefined
  text: string
  error: unknown
}

function poster(publicUrl: string | undefined, trustedProxies?: string[]) {
  const { manage } = installation
  const addresses = createClientAddresses({ publicUrl, trustedProxies })
  const app = createOAuthApp({
    manage,
    publicUrl,
    addresses,
    sessionOf: async () => undefined,
    reportError: () => undefined,
    checkJson: () => undefined,
  })
  return async (path: string, fields: Fields, { address = '192.0.2.1', forwardedFor }: Caller = {}) => {
    const response = await app.request(
      `${ORIGIN}${path}`,
      {
        method: 'POST',
        headers: {
          host: 'gateway.test',
          'content-type': 'application/x-www-form-urlencoded',
          ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
        },
        body: encode(fields),
      },
      { incoming: { socket: { remoteAddress: address } } },
    )
    const text = await response.text()
    const location = response.headers.get('location')
    return {
      status: response.status,
      location: location === null ? undefined : new URL(location),
      text,
      error: text.startsWith('{') ? JSON.parse(text).error : undefined,
    }
  }
}

beforeEach(async () => {
  installation = await openInstallation()
  post = poster(undefined)
})

afterEach(() => installation[Symbol.asyncDispose]())

const pass = (seconds: number) => {
  installation.time.now += seconds * 1000
}

async function beginDevice(): Promise<{ device_code: string; user_code: string }> {
  const { text } = await post('/oauth/device', {
    client_id: 'mcpgw',
    resource: WORKSPACE,
    device_name: 'box',
  })
  return JSON.parse(text)
}

describe('time', () => {
  it('ends a code after a minute', async () => {
    for (const [seconds, status] of [
      [59, 200],
      [60, 400],
    ] as const) {
      const { verifier, challenge } = makePkce()
      const redirectUri = 'http://127.0.0.1:9/callback'
      const { location } = await post('/oauth/authorize', {
        ...codeRequest(WORKSPACE, redirectUri, challenge),
        proof: installation.secrets.developer,
        decision: 'approve',
      })
      pass(seconds)
      const answer = await post('/oauth/token', {
        grant_type: 'authorization_code',
        client_id: 'mcpgw',
        code: location?.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: verifier,
      })
      expect([seconds, answer.status]).toEqual([seconds, status])
      if (status === 400) expect(answer.error).toBe('invalid_grant')
    }
  })

  it('[T15] ends the code of a device after ten minutes, for the person and for the device', async () => {
    const { device_code, user_code } = await beginDevice()
    pass(600)
    expect((await post('/oauth/device/check', { user_code })).status).toBe(404)
    const poll = await post('/oauth/token', { grant_type: DEVICE_GRANT, client_id: 'mcpgw', device_code })
    expect([poll.status, poll.error]).toEqual([400, 'expired_token'])
  })
})

describe('guessing the code of a device', () => {
  const guess = (from?: Caller) => post('/oauth/device/check', { user_code: 'BBBB-BBBB' }, from)

  it('[T15] ends after five wrong codes from one address, for ten minutes, even with the right one', async () => {
    const { user_code } = await beginDevice()
    for (let wrong = 0; wrong < 5; wrong++) expect((await guess()).status).toBe(404)
    expect((await guess()).status).toBe(429)
    const right = await post('/oauth/device/check', { user_code })
    expect(right.status).toBe(429)
    expect(right.text).toContain('Wait 10 minutes')
    expect((await post('/oauth/device/check', { user_code }, { address: '192.0.2.2' })).status).toBe(200)
    pass(600)
    const later = await beginDevice()
    expect((await post('/oauth/device/check', { user_code: later.user_code })).status).toBe(200)
  })

  it('lets no more through when the guesses come all at once', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => guess()))
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(5)
  })

  it('ends after a hundred in a minute from everywhere', async () => {
    for (let wrong = 0; wrong < 100; wrong++) await guess({ address: `192.0.2.${wrong}` })
    expect((await guess({ address: '198.51.100.1' })).status).toBe(429)
    pass(60)
    expect((await guess({ address: '198.51.100.1' })).status).toBe(404)
  })

  it('does not count right codes', async () => {
    const { user_code } = await beginDevice()
    for (let looks = 0; looks < 20; looks++) {
      expect((await post('/oauth/device/check', { user_code })).status).toBe(200)
    }
  })

  it('is counted by what the proxy saw, when a proxy stands in front', async () => {
    post = poster('https://gateway.example')
    const address = '10.0.0.9'
    for (let wrong = 0; wrong < 6; wrong++) await guess({ address, forwardedFor: '10.0.0.1, 203.0.113.7' })
    expect((await guess({ address, forwardedFor: 'anything, 203.0.113.7' })).status).toBe(429)
    expect((await guess({ address, forwardedFor: '203.0.113.8' })).status).toBe(404)
  })

  it('is counted by the connection, when somebody comes past the proxy', async () => {
    post = poster('https://gateway.example')
    for (let wrong = 0; wrong < 5; wrong++) await guess({ forwardedFor: `203.0.113.${wrong}` })
    expect((await guess({ forwardedFor: '203.0.113.99' })).status).toBe(429)
  })

  it('is counted by the connection, when none does', async () => {
    for (let wrong = 0; wrong < 5; wrong++) await guess({ forwardedFor: `203.0.113.${wrong}` })
    expect((await guess({ forwardedFor: '203.0.113.99' })).status).toBe(429)
  })
})

describe('trying tokens and invites', () => {
  it('ends after twenty wrong ones from one address, over all the ways to log in', async () => {
    const { user_code } = await beginDevice()
    const redirectUri = 'http://127.0.0.1:9/callback'
    const request = codeRequest(WORKSPACE, redirectUri, makePkce().challenge)
    const ways = [
      () => post('/oauth/authorize', { ...request, proof: 'wrong', decision: 'approve' }),
      () => post('/oauth/device/decide', { user_code, proof: 'wrong', decision: 'approve' }),
      () =>
        post('/oauth/token', {
          grant_type: 'urn:mcpgw:params:oauth:grant-type:invite',
          client_id: 'mcpgw',
          invite: 'wrong',
        }),
    ] as const
    for (let wrong = 0; wrong < 20; wrong++) {
      expect([400, 403]).toContain((await ways[wrong % 3]?.())?.status)
    }
    for (const way of ways) expect((await way()).status).toBe(429)
    expect((await ways[2]()).error).toBe('slow_down')

    const proof = installation.secrets.developer
    expect((await post('/oauth/authorize', { ...request, proof, decision: 'approve' })).status).toBe(429)
    const elsewhere = { address: '192.0.2.2' }
    const approved = await post('/oauth/authorize', { ...request, proof, decision: 'approve' }, elsewhere)
    expect(approved.status).toBe(303)
  })
})

it('tells clients the public URL, and takes no other for a workspace', async () => {
  post = poster('https://gateway.example/mcp')
  const begin = (resource: string) => post('/oauth/device', { client_id: 'mcpgw', resource })
  const { status, text } = await begin('https://gateway.example/mcp/ws/acme')
  expect(status).toBe(200)
  expect(JSON.parse(text).verification_uri).toBe('https://gateway.example/mcp/oauth/device')
  const { user_code } = JSON.parse(text)
  const page = await post('/oauth/device/check', { user_code })
  expect(page.text).toContain('action="/mcp/oauth/device/decide"')
  expect(page.text).toContain('href="/mcp/pages/style.css"')
  expect((await begin(WORKSPACE)).error).toBe('invalid_target')
})
