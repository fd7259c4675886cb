import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Change, ChangeBus } from '../model/change.ts'
import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { TokenStore } from '../model/stores.ts'
import type { Token } from '../model/token.ts'
import { createAuthenticator } from './authenticator.ts'
import { hashToken, mintToken } from './token-format.ts'

const START = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

beforeEach(() => {
  vi.useFakeTimers({ now: START })
})
afterEach(() => {
  vi.useRealTimers()
})

function createBus() {
  const listeners = new Set<(change: Change) => void>()
  const gapListeners = new Set<() => void>()
  const doubtListeners = new Set<() => void>()
  return {
    publish: (change: Change) => {
      for (const listener of listeners) listener(change)
    },
    subscribe: (listener: (change: Change) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onGap: (listener: () => void) => {
      gapListeners.add(listener)
      return () => void gapListeners.delete(listener)
    },
    onDoubt: (listener: () => void) => {
      doubtListeners.add(listener)
      return () => void doubtListeners.delete(listener)
    },
    doubt: () => {
      for (const listener of doubtListeners) listener()
    },
    gap: () => {
      for (const listener of gapListeners) listener()
    },
    listeners: () => listeners.size + gapListeners.size + doubtListeners.size,
  } satisfies ChangeBus & Record<string, unknown>
}

/** Tokens in memory, publishing changes as the real store does, and counting questions. */
function createWorld() {
  const bus = createBus()
  const byId = new Map<string, Token>()
  const asked = { byHash: 0, byId: 0 }
  const touched: { id: string; at: number }[] = []
  const gate: { beforeAnswer?: () => Promise<void>; failure?: Error } = {}

  async function answer<T>(read: () => T): Promise<T> {
    if (gate.failure !== undefined) throw gate.failure
    const found = read()
    await gate.beforeAnswer?.()
    return found
  }

  function change(token: Token): void {
    const { workspaceId, hash } = token
    bus.publish({ kind: 'token', id: hash, ...(workspaceId !== undefined && { workspaceId }) })
  }

  const tokens: TokenStore = {
    create: async (token) => {
      byId.set(token.id, token)
      change(token)
    },
    byHash: (hash) => {
      asked.byHash += 1
      return answer(() => [...byId.values()].find((token) => token.hash === hash))
    },
    byId: (id) => {
      asked.byId += 1
      return answer(() => byId.get(id))
    },
    list: async () => ({ items: [] }),
    revoke: async (id, at) => {
      const token = byId.get(id)
      if (token === undefined) return
      byId.set(id, { ...token, revokedAt: at })
      change(token)
    },
    replaceHash: async (id, hash) => {
      const token = byId.get(id)
      if (token === undefined) return
      byId.set(id, { ...token, hash })
      change(token)
    },
    touch: async (id, at) => {
      touched.push({ id, at })
    },
    countOwners: async () => 0,
    createFirstOwner: async () => undefined,
  }

  const authenticator = createAuthenticator({ tokens, bus, clock: { now: () => Date.now() } })
  let count = 0

  async function issue(change: Partial<Token> = {}): Promise<{ header: string; id: string }> {
    const text = mintToken({ bytes: (size) => new Uint8Array(randomBytes(size)) })
    count += 1
    const id = `token-${count}`
    await tokens.create({
      id,
      workspaceId: 'w1',
      name: 'laptop',
      member: 'ada',
      role: 'developer',
      rules: {},
      hash: hashToken(text),
      createdAt: START,
      ...change,
    })
    return { header: `Bearer ${text}`, id }
  }

  return { bus, byId, tokens, asked, touched, gate, authenticator, issue }
}

async function refusalOf(call: () => Principal | Promise<Principal>): Promise<GatewayError> {
  try {
    await call()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('was admitted')
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

describe('authentication', () => {
  it('tells who calls', async () => {
    const { authenticator, issue } = createWorld()
    const { header, id } = await issue({ rules: { readOnlyTools: true }, expiresAt: START + DAY_MS })
    expect(await authenticator.authenticate(header)).toEqual({
      tokenId: id,
      workspaceId: 'w1',
      member: 'ada',
      role: 'developer',
      rules: { readOnlyTools: true },
      expiresAt: START + DAY_MS,
    })
  })

  it('answers a known token at once, with the same principal and without a query', async () => {
    const { authenticator, issue, asked } = createWorld()
    const { header } = await issue()
    const first = await authenticator.authenticate(header)
    expect(authenticator.authenticate(header)).toBe(first)
    expect(asked.byHash).toBe(1)
  })

  it('asks once for many callers with the same new token', async () => {
    const { authenticator, issue, asked } = createWorld()
    const { header } = await issue()
    await Promise.all(Array.from({ length: 50 }, () => authenticator.authenticate(header)))
    expect(asked.byHash).toBe(1)
  })

  it('takes the scheme in any case', async () => {
    const { authenticator, issue } = createWorld()
    const { header } = await issue()
    expect(await authenticator.authenticate(header.replace('Bearer', 'bEARER'))).toBeDefined()
  })

  it('refuses every malformed header before any query', async () => {
    const { authenticator, issue, asked } = createWorld()
    const { header } = await issue()
    const token = header.slice(7)
    const malformed = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer  ',
      token,
      `Basic ${token}`,
      `Bearer,${token}`,
      `Bearer\t${token}`,
      ` Bearer ${token}`,
      `Bearer ${token} `,
      `Bearer ${token},`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token} ${token}`,
      `Bearer "${token}"`,
      `Bearer ${token}\n`,
      `Bearer ${token}\0`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token.toUpperCase()}`,
      'Bearer null',
      'Bearer undefined',
      'Bearer [object Object]',
      `Bearer ${'x'.repeat(1_000_000)}`,
      `Bearer ${' '.repeat(200)}${token}`,
    ]
    for (const text of malformed) {
      expect((await refusalOf(() => authenticator.authenticate(text))).code).toBe('unauthenticated')
    }
    expect(asked.byHash).toBe(0)
  })

  it('does not tell an unknown, expired or revoked token apart', async () => {
    const { authenticator, issue, tokens } = createWorld()
    const expired = await issue({ expiresAt: START })
    const revoked = await issue()
    await tokens.revoke(revoked.id, START)
    const unknown = `Bearer ${mintToken({ bytes: (size) => new Uint8Array(randomBytes(size)) })}`
    const refusals = await Promise.all(
      [expired.header, revoked.header, unknown].map((header) =>
        refusalOf(() => authenticator.authenticate(header)),
      ),
    )
    const [first] = refusals
    for (const refusal of refusals) {
      expect([refusal.code, refusal.message, refusal.fix]).toEqual([
        'unauthenticated',
        first?.message,
        first?.fix,
      ])
    }
    expect(refusals.map(({ cause }) => (cause instanceof Error ? cause.message : ''))).toEqual([
      'token expired',
      'token revoked',
      'token unknown',
    ])
  })

  it('stops a cached token the moment it expires, and a clock set back does not revive it', async () => {
    const { authenticator, issue } = createWorld()
    const { header } = await issue({ expiresAt: START + 5000 })
    vi.setSystemTime(START + 4999)
    expect(await authenticator.authenticate(header)).toBeDefined()
    vi.setSystemTime(START + 5000)
    expect((await refusalOf(() => authenticator.authenticate(header))).code).toBe('unauthenticated')
    vi.setSystemTime(START)
    expect((await refusalOf(() => authenticator.authenticate(header))).code).toBe('unauthenticated')
  })

  it('refuses a revoked token from the next call on', async () => {
    const { authenticator, issue, tokens } = createWorld()
    const { header, id } = await issue()
    await authenticator.authenticate(header)
    await tokens.revoke(id, START)
    expect((await refusalOf(() => authenticator.authenticate(header))).code).toBe('unauthenticated')
  })

  const news: [string, (world: ReturnType<typeof createWorld>, id: string) => void][] = [
    ['a revocation', ({ tokens }, id) => void tokens.revoke(id, START)],
    [
      'the removal of its workspace',
      ({ byId, bus }) => {
        byId.clear()
        bus.publish({ kind: 'workspace', id: 'w1' })
      },
    ],
    [
      'a gap in the news',
      ({ byId, bus }) => {
        byId.clear()
        bus.gap()
      },
    ],
  ]
  for (const [what, happen] of news) {
    it(`does not keep an answer that is older than ${what}`, async () => {
      const world = createWorld()
      const { authenticator, issue, gate } = world
      const { header, id } = await issue()
      const held = Promise.withResolvers<void>()
      gate.beforeAnswer = () => held.promise
      const early = refusalOf(() => authenticator.authenticate(header))
      delete gate.beforeAnswer
      happen(world, id)
      held.resolve()
      expect((await early).code).toBe('unauthenticated')
      expect((await refusalOf(() => authenticator.authenticate(header))).code).toBe('unauthenticated')
    })
  }

  it('forgets a workspace’s tokens when the workspace changes, and everything after a gap', async () => {
    const { authenticator, bus, issue, asked } = createWorld()
    const here = await issue()
    const elsewhere = await issue({ workspaceId: 'w2' })
    for (const { header } of [here, elsewhere]) await authenticator.authenticate(header)
    bus.publish({ kind: 'workspace', id: 'w1' })
    for (const { header } of [here, elsewhere]) await authenticator.authenticate(header)
    expect(asked.byHash).toBe(3)
    bus.gap()
    for (const { header } of [here, elsewhere]) await authenticator.authenticate(header)
    expect(asked.byHash).toBe(5)
  })

  it('admits nobody new while the store does not answer, and recovers', async () => {
    const { authenticator, issue, gate } = createWorld()
    const { header } = await issue()
    gate.failure = new Error('connection refused at 10.0.0.5')
    const refusal = await refusalOf(() => authenticator.authenticate(header))
    expect(refusal.code).toBe('unavailable')
    expect(`${refusal.message} ${refusal.fix}`).not.toContain('10.0.0.5')
    delete gate.failure
    expect(await authenticator.authenticate(header)).toBeDefined()
  })

  it('does not wait for a store that is silent, and asks again as soon as it speaks', async () => {
    const { authenticator, issue, gate } = createWorld()
    const { header } = await issue()
    gate.beforeAnswer = () => new Promise(() => undefined)
    const refused = refusalOf(() => authenticator.authenticate(header))
    await vi.advanceTimersByTimeAsync(3_000)
    expect((await refused).code).toBe('unavailable')
    delete gate.beforeAnswer
    expect(await authenticator.authenticate(header)).toBeDefined()
  })

  it('asks again in doubt, and does not admit who was revoked without a word', async () => {
    const { authenticator, bus, byId, issue, asked } = createWorld()
    const { header } = await issue()
    await authenticator.authenticate(header)
    bus.doubt()
    expect(await authenticator.authenticate(header)).toBeDefined()
    expect(asked.byHash).toBe(2)
    byId.clear()
    bus.doubt()
    expect((await refusalOf(() => authenticator.authenticate(header))).code).toBe('unauthenticated')
  })

  it('[T6] does not revive a token when the clock is set back five minutes after its end', async () => {
    const { authenticator, bus, issue } = createWorld()
    const { header } = await issue({ expiresAt: START + 5_000 })
    await vi.advanceTimersByTimeAsync(4_999)
    expect(await authenticator.authenticate(header)).toBeDefined()
    await vi.advanceTimersByTimeAsync(1_000)
    vi.setSystemTime(START - 300_000)
    // Nothing is remembered of it, so that the clock alone decides.
    bus.gap()
    expect((await refusalOf(() => authenticator.authenticate(header))).code).toBe('unauthenticated')
  })

  it('notes the last use at most once a minute', async () => {
    const { authenticator, issue, touched } = createWorld()
    const { header, id } = await issue()
    await authenticator.authenticate(header)
    for (let second = 1; second < 60; second += 1) {
      vi.setSystemTime(START + second * 1000)
      await authenticator.authenticate(header)
    }
    expect(touched).toEqual([{ id, at: START }])
    vi.setSystemTime(START + 60_000)
    await authenticator.authenticate(header)
    expect(touched).toHaveLength(2)
  })
})

describe('watching a token', () => {
  async function watching(change: Partial<Token> = {}) {
    const world = createWorld()
    const { header, id } = await world.issue(change)
    const principal = await world.authenticator.authenticate(header)
    const ended = vi.fn()
    const stop = world.authenticator.watch(principal, ended)
    await settle()
    return { ...world, header, id, principal, ended, stop }
  }

  it('ends when the token is revoked, once', async () => {
    const { tokens, id, ended } = await watching()
    expect(ended).not.toHaveBeenCalled()
    await tokens.revoke(id, START)
    await tokens.revoke(id, START)
    await settle()
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('ends when the token is rotated', async () => {
    const { tokens, id, ended } = await watching()
    await tokens.replaceHash(id, 'another-hash', undefined, 1)
    await settle()
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('ends when the workspace is removed with its tokens, but not when it is renamed', async () => {
    const { bus, byId, ended } = await watching()
    bus.publish({ kind: 'workspace', id: 'w1', workspaceId: 'w1' })
    await settle()
    expect(ended).not.toHaveBeenCalled()
    byId.clear()
    bus.publish({ kind: 'workspace', id: 'w1', workspaceId: 'w1' })
    await settle()
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('ends when the token was revoked just before the watch began', async () => {
    const { authenticator, issue, tokens } = createWorld()
    const { header, id } = await issue()
    const principal = await authenticator.authenticate(header)
    await tokens.revoke(id, START)
    const ended = vi.fn()
    authenticator.watch(principal, ended)
    await settle()
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('finds a revocation nobody told it about after a gap', async () => {
    const { bus, byId, ended } = await watching()
    byId.clear()
    bus.gap()
    await settle()
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('ends in doubt when the token was revoked without a word', async () => {
    const { bus, byId, ended } = await watching()
    bus.doubt()
    await settle()
    expect(ended).not.toHaveBeenCalled()
    byId.clear()
    bus.doubt()
    await settle()
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('[T6] ends at the expiry also when the clock is set back before', async () => {
    const { ended } = await watching({ expiresAt: START + 5_000 })
    await vi.advanceTimersByTimeAsync(4_000)
    vi.setSystemTime(START - 300_000)
    await vi.advanceTimersByTimeAsync(900)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(200)
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('ends at the expiry, not before', async () => {
    const { ended } = await watching({ expiresAt: START + 5000 })
    await vi.advanceTimersByTimeAsync(4900)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(200)
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('outlives the longest timer there is', async () => {
    const { ended } = await watching({ expiresAt: START + 60 * DAY_MS })
    await vi.advanceTimersByTimeAsync(59 * DAY_MS)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(DAY_MS)
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('notices within a minute that the clock was set past the expiry', async () => {
    const { ended } = await watching({ expiresAt: START + DAY_MS })
    vi.setSystemTime(START + 2 * DAY_MS)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('is not disturbed by other tokens, and asks nothing about them', async () => {
    const { issue, tokens, asked, ended } = await watching()
    const before = asked.byId
    const other = await issue()
    await tokens.revoke(other.id, START)
    await settle()
    expect(asked.byId).toBe(before)
    expect(ended).not.toHaveBeenCalled()
  })

  it('ends when the store cannot say whether the token still holds', async () => {
    const { bus, gate, ended } = await watching()
    gate.failure = new Error('down')
    bus.gap()
    await settle()
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('ends every stream of the token, and none that stopped watching', async () => {
    const { authenticator, principal, tokens, id, ended, stop } = await watching()
    const second = vi.fn()
    authenticator.watch(principal, second)
    stop()
    await tokens.revoke(id, START)
    await settle()
    expect(ended).not.toHaveBeenCalled()
    expect(second).toHaveBeenCalledTimes(1)
  })

  it('leaves no timer and no subscription behind when closed', async () => {
    const { authenticator, bus } = await watching({ expiresAt: START + DAY_MS })
    authenticator[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
    expect(bus.listeners()).toBe(0)
  })
})

describe('sessions of browsers', () => {
  const HOUR_MS = 3_600_000

  async function openSession(world: ReturnType<typeof createWorld>, change: Partial<Token> = {}) {
    const { header, id } = await world.issue({ kind: 'session', expiresAt: START + DAY_MS, ...change })
    return { header, id, session: header.slice('Bearer '.length) }
  }

  it('are told apart from tokens, both ways and also when they are known already', async () => {
    const world = createWorld()
    const { authenticator } = world
    const { header, session } = await openSession(world)
    const { header: tokenHeader } = await world.issue()
    for (let time = 0; time < 2; time += 1) {
      expect(await authenticator.authenticateSession(session)).toMatchObject({
        kind: 'session',
        member: 'ada',
      })
      expect(await authenticator.authenticate(tokenHeader)).not.toHaveProperty('kind')
      expect((await refusalOf(() => authenticator.authenticate(header))).message).toBe(
        'This token is not accepted.',
      )
      const refused = await refusalOf(() =>
        authenticator.authenticateSession(tokenHeader.slice('Bearer '.length)),
      )
      expect(refused).toMatchObject({ code: 'unauthenticated', refusesToken: true })
    }
  })

  it('are refused as a guess where there never was one, and as over where there was', async () => {
    const world = createWorld()
    const { authenticator, asked } = world
    const { id, session } = await openSession(world)
    world.bus.publish({ kind: 'token', id: hashToken(session) })
    world.byId.set(id, { ...(world.byId.get(id) as Token), revokedAt: START })
    const over = await refusalOf(() => authenticator.authenticateSession(session))
    expect(over).toMatchObject({ code: 'unauthenticated', refusesToken: false })
    const before = asked.byHash
    expect(await refusalOf(() => authenticator.authenticateSession('mcpgw_guess'))).toMatchObject({
      refusesToken: true,
    })
    expect(asked.byHash).toBe(before)
  })

  it('end after two hours without use, by whatever replica saw the last one', async () => {
    const world = createWorld()
    const { authenticator, byId } = world
    const { id, session } = await openSession(world)
    const isGood = () =>
      authenticator.authenticateSession(session).then(
        () => true,
        () => false,
      )
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS - 1)
    expect(await isGood()).toBe(true)
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS - 1)
    expect(await isGood()).toBe(true)
    // Another replica sees it an hour from now.
    byId.set(id, { ...(byId.get(id) as Token), lastUsedAt: Date.now() + HOUR_MS })
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS)
    expect(await isGood()).toBe(true)
    byId.set(id, { ...(byId.get(id) as Token), lastUsedAt: Date.now() })
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS)
    expect(await isGood()).toBe(false)
  })

  it('are in use while a stream is open only as far as requests come', async () => {
    const world = createWorld()
    const { authenticator, byId } = world
    const { id, session } = await openSession(world)
    const onEnd = vi.fn()
    authenticator.watch(await authenticator.authenticateSession(session), onEnd)
    byId.set(id, { ...(byId.get(id) as Token), lastUsedAt: START + HOUR_MS })
    await vi.advanceTimersByTimeAsync(3 * HOUR_MS - 60_000)
    expect(onEnd).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2 * 60_000)
    expect(onEnd).toHaveBeenCalledTimes(1)
  })

  it('do not end by a clock that is set back', async () => {
    const world = createWorld()
    const { session } = await openSession(world)
    vi.setSystemTime(START - 5 * HOUR_MS)
    expect(await world.authenticator.authenticateSession(session)).toMatchObject({ kind: 'session' })
  })
})
