import { describe, expect, it } from 'vitest'
import { GatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import { createReachability } from './reachability.ts'

const remote: Server = {
  id: 's',
  workspaceId: 'w',
  name: 'x',
  target: { kind: 'remote', url: 'https://x.example/mcp', transport: 'auto', headers: {} },
  enabled: true,
  prefix: 'always',
  tools: {},
  isolation: 'shared',
  timeoutMs: 1_000,
  createdAt: 0,
  updatedAt: 0,
}
const hosted: Server = { ...remote, target: { kind: 'hosted', command: 'x', args: [], env: {} } }

/** `luck`: every random byte; 255 makes each wait its longest, 0 its shortest. */
function setUp(server = remote, luck = 255) {
  let now = 1_000_000
  const clock = { now: () => now }
  const random = { bytes: (count: number) => new Uint8Array(count).fill(luck) }
  return { reach: createReachability({ server, clock, random }), pass: (ms: number) => (now += ms) }
}

const unavailable = new GatewayError('upstream_unavailable', 'It is down.')
const refused = new GatewayError('upstream_refused', 'Wrong credential.')

const mayTry = ({ reach }: ReturnType<typeof setUp>): boolean => {
  try {
    reach.requireAttempt()
    return true
  } catch {
    return false
  }
}

describe('a server that could not be connected to', () => {
  it('costs a call nothing: it is told at once what is wrong', () => {
    const { reach } = setUp()
    expect(reach.requireAttempt()).toBe(0)
    reach.failedToConnect(unavailable)
    expect(() => reach.requireAttempt()).toThrow(unavailable)
    expect(reach.problem()).toBe(unavailable)
  })

  it.each([
    ['latest', 255, [998, 1_996, 3_992, 7_984, 15_968, 31_937, 59_882, 59_882]],
    ['earliest', 0, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
  ])('is tried again later and later, up to a minute; at the %s after %i', (_, luck, waits) => {
    const one = setUp(remote, luck)
    for (const waitMs of waits) {
      one.reach.failedToConnect(unavailable)
      one.pass(waitMs - 1)
      expect(mayTry(one)).toBe(false)
      one.pass(2)
      expect(mayTry(one)).toBe(true)
    }
  })

  it('begins anew once it was connected', () => {
    const one = setUp()
    for (let attempt = 0; attempt < 6; attempt++) one.reach.failedToConnect(unavailable)
    one.reach.connected()
    expect(one.reach.problem()).toBeUndefined()
    one.reach.failedToConnect(unavailable)
    one.pass(1_000)
    expect(mayTry(one)).toBe(true)
  })

  it.each([
    'upstream_refused',
    'needs_credential',
    'credential_unreadable',
    'configuration',
    'unsupported',
  ] as const)(
    'because of %s is left alone until a person changes something, or ten minutes have passed',
    (code) => {
      const one = setUp()
      one.reach.failedToConnect(new GatewayError(code, 'no'))
      expect(one.reach.retryInMs()).toBeUndefined()
      one.pass(10 * 60_000 - 1)
      expect(mayTry(one)).toBe(false)
      one.pass(1)
      expect(mayTry(one)).toBe(true)
      one.reach.failedToConnect(refused)
      one.reach.reset()
      expect(mayTry(one)).toBe(true)
      expect(one.reach.problem()).toBeUndefined()
    },
  )

  it('is tried again without being asked when its time has come', () => {
    const { reach } = setUp()
    expect(reach.retryInMs()).toBeUndefined()
    for (let attempt = 0; attempt < 4; attempt++) reach.failedToConnect(unavailable)
    expect(reach.retryInMs()).toBeCloseTo(7_984, -1)
    reach.connected()
    expect(reach.retryInMs()).toBeUndefined()
  })
})

describe('a server whose requests fail', () => {
  it('is left alone for half a minute after the fifth in a row', () => {
    const one = setUp()
    for (let failures = 1; failures <= 5; failures++) {
      expect(mayTry(one)).toBe(true)
      one.reach.failed(unavailable, failures % 2 ? 503 : undefined)
    }
    expect(mayTry(one)).toBe(false)
    one.pass(30_000)
    expect(mayTry(one)).toBe(true)
  })

  it('is not left alone while some succeed', () => {
    const one = setUp()
    for (let round = 0; round < 10; round++) {
      one.reach.failed(unavailable, 500)
      one.reach.worked()
    }
    expect(mayTry(one)).toBe(true)
    expect(one.reach.problem()).toBeUndefined()
  })

  it('is not blamed for refusing a request, but shows when it refuses the credential', () => {
    const one = setUp()
    for (let round = 0; round < 10; round++) one.reach.failed(refused, 400)
    expect(one.reach.problem()).toBeUndefined()
    one.reach.failed(refused, 401)
    expect(one.reach.problem()).toBe(refused)
    expect(mayTry(one)).toBe(true)
  })
})

describe('a hosted process that crashes', () => {
  const crash = new GatewayError('upstream_unavailable', 'It ended with code 1.')

  it('is started again at once after its first crash', () => {
    const one = setUp(hosted)
    one.reach.requireAttempt()
    one.reach.crashed(crash)
    expect(one.reach.problem()).toBe(crash)
    expect(one.reach.requireAttempt()).toBe(0)
  })

  it('makes a call wait a moment rather than fail after the next ones', () => {
    const { reach } = setUp(hosted)
    reach.crashed(crash)
    reach.crashed(crash)
    expect(reach.requireAttempt()).toBeGreaterThan(400)
    expect(reach.requireAttempt()).toBeLessThanOrEqual(500)
  })

  it('is held back after five crashes, which a call is told together with the crash', () => {
    const one = setUp(hosted)
    for (let crashes = 0; crashes < 5; crashes++) one.reach.crashed(crash)
    expect(() => one.reach.requireAttempt()).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^It ended with code 1\. It crashed 5 times/),
      }),
    )
    expect(one.reach.retryInMs()).toBe(30_000)
    one.pass(30_000)
    expect(one.reach.requireAttempt()).toBe(0)
  })

  it('may be started at once when a person has changed something', () => {
    const one = setUp(hosted)
    for (let crashes = 0; crashes < 5; crashes++) one.reach.crashed(crash)
    one.reach.reset()
    expect(one.reach.requireAttempt()).toBe(0)
  })
})
