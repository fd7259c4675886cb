import type { ChangeBus } from '../model/change.ts'
import type { Clock } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { TokenStore } from '../model/stores.ts'
import type { Token } from '../model/token.ts'
import { createExpiryClock } from './expiry-clock.ts'
import { inTime } from './in-time.ts'
import { isIdle, lastUseOf } from './session-idle.ts'
import { hashToken, isWellFormedToken } from './token-format.ts'
import { createWatches } from './token-watch.ts'

const TOUCH_INTERVAL_MS = 60_000
// An entry is about 500 bytes: 10,000 tokens in use at once stay within 5 MB.
const MAX_CACHED = 10_000

export interface AuthenticatorOptions {
  tokens: TokenStore
  bus: ChangeBus
  clock: Clock
}

export interface Authenticator extends Disposable {
  /**
   * Tells who calls, from the `Authorization` header alone. Answers at once when the token is known, and the same
   * object until the token changes; otherwise asks the store. Every refusal is `unauthenticated` and reads the same,
   * whatever was wrong; a store that does not answer is `unavailable`, never an admission. Takes no session.
   */
  authenticate(authorizationHeader: string | undefined): Principal | Promise<Principal>
  /**
   * Tells who calls, from what a browser was given when somebody signed in. Takes no token. Refuses in the same way,
   * with `refusesToken` for what never was a session.
   */
  authenticateSession(session: string): Promise<Principal>
  /**
   * Calls `onEnd` once, when the principal's token is revoked, removed, rotated or expires, or when its session was not
   * used for too long, which having a stream open is not; for ending open streams.
   * A store that cannot be asked after a change or in doubt counts as an end. Returns a function that stops watching.
   */
  watch(principal: Principal, onEnd: () => void): () => void
}

interface Entry {
  principal: Principal
  touchedAt: number
  /** As far as this process knows; another replica may have seen it later. */
  usedAt: number
  /** Seen expired once: a clock that is set back does not revive it. */
  expired: boolean
}

type Found = Entry | 'unknown' | 'revoked'

type Load = Promise<Found>

export function createAuthenticator({ tokens, bus, clock }: AuthenticatorOptions): Authenticator {
  const entries = new Map<string, Entry>()
  const loads = new Map<string, Load>()
  const hashes = new WeakMap<Principal, string>()
  const expiryClock = createExpiryClock(clock)
  const watches = createWatches({ tokens, clock: expiryClock, hashOf: (principal) => hashes.get(principal) })

  const stopListening = [
    bus.subscribe((change) => {
      if (change.kind === 'token') forget(change.id)
      else if (change.kind === 'workspace') forgetWorkspace(change.workspaceId ?? change.id)
      else return
      watches.changed(change)
    }),
    bus.onGap(() => {
      entries.clear()
      loads.clear()
      watches.recheckAll()
    }),
    bus.onDoubt(() => {
      entries.clear()
      watches.recheckIdle()
    }),
  ]

  function authenticate(header: string | undefined): Principal | Promise<Principal> {
    const hash = hashToken(readToken(header))
    const entry = entries.get(hash)
    if (entry !== undefined) return admitToken(entry)
    return load(hash).then(admitToken)
  }

  async function authenticateSession(session: string): Promise<Principal> {
    if (!isWellFormedToken(session)) throw sessionRefusal('malformed')
    const hash = hashToken(session)
    const entry = entries.get(hash)
    if (entry !== undefined && !isIdle(entry.usedAt, clock.now())) return admitSession(entry)
    return admitSession(await load(hash))
  }

  function admitToken(found: Found): Principal {
    if (typeof found === 'string') throw refusal(found)
    if (found.principal.kind === 'session') throw refusal('unknown')
    if (isOver(found)) throw refusal('expired')
    return admit(found)
  }

  function admitSession(found: Found): Principal {
    if (typeof found === 'string') throw sessionRefusal(found)
    if (found.principal.kind !== 'session') throw sessionRefusal('unknown')
    if (isOver(found) || isIdle(found.usedAt, clock.now())) throw sessionRefusal('expired')
    return admit(found)
  }

  function isOver(entry: Entry): boolean {
    entry.expired ||= isPast(entry.principal.expiresAt)
    return entry.expired
  }

  function admit(entry: Entry): Principal {
    const now = clock.now()
    entry.usedAt = now
    if (now - entry.touchedAt >= TOUCH_INTERVAL_MS) touch(entry, now)
    return entry.principal
  }

  function isPast(expiresAt: number | undefined): boolean {
    return expiresAt !== undefined && expiryClock.now() >= expiresAt
  }

  function touch(entry: Entry, now: number): void {
    entry.touchedAt = now
    // Only for people to look at: it may be lost, and nobody waits for it.
    tokens.touch(entry.principal.tokenId, now).catch(() => undefined)
  }

  function load(hash: string): Load {
    const running = loads.get(hash)
    if (running !== undefined) return running
    const started: Load = query(hash).then(
      (found) => {
        // Dropped while we asked: what we read may be older than the change.
        if (loads.get(hash) !== started) return load(hash)
        loads.delete(hash)
        if (typeof found === 'object') remember(hash, found)
        return found
      },
      (error: unknown) => {
        if (loads.get(hash) === started) loads.delete(hash)
        throw error
      },
    )
    loads.set(hash, started)
    return started
  }

  async function query(hash: string): Promise<Found> {
    const token = await stored(hash)
    if (token === undefined) return 'unknown'
    if (token.revokedAt !== undefined) return 'revoked'
    const touchedAt = token.lastUsedAt ?? 0
    return { principal: principalOf(token), touchedAt, usedAt: lastUseOf(token), expired: false }
  }

  async function stored(hash: string): Promise<Token | undefined> {
    try {
      return await inTime(tokens.byHash(hash))
    } catch (error) {
      throw storeFailure(error)
    }
  }

  function remember(hash: string, entry: Entry): void {
    if (entries.size >= MAX_CACHED) forgetOldest()
    entries.set(hash, entry)
    hashes.set(entry.principal, hash)
  }

  function forgetOldest(): void {
    for (const hash of entries.keys()) return forget(hash)
  }

  function forget(hash: string): void {
    entries.delete(hash)
    loads.delete(hash)
  }

  function forgetWorkspace(workspaceId: string): void {
    for (const [hash, { principal }] of entries) {
      if (principal.workspaceId === workspaceId) entries.delete(hash)
    }
    // What is being loaded may belong to it: load again.
    loads.clear()
  }

  return {
    authenticate,
    authenticateSession,
    watch: watches.watch,
    [Symbol.dispose]() {
      for (const stop of stopListening) stop()
      watches.stop()
    },
  }
}

/** The token in an `Authorization` header. Throws `unauthenticated` for anything else. */
export function readToken(header: string | undefined): string {
  if (header === undefined) throw tokenNeeded()
  const [scheme = '', token = '', ...rest] = header.length <= 256 ? header.split(' ') : []
  if (scheme.toLowerCase() !== 'bearer') throw tokenNeeded()
  if (rest.length > 0 || !isWellFormedToken(token)) throw refusal('malformed')
  return token
}

/** Who calls with a token: the same whoever found it. */
export function principalOf(token: Token): Principal {
  return Object.freeze({
    tokenId: token.id,
    ...(token.kind !== undefined && { kind: token.kind }),
    ...(token.workspaceId !== undefined && { workspaceId: token.workspaceId }),
    member: token.member,
    role: token.role,
    rules: token.rules,
    ...(token.expiresAt !== undefined && { expiresAt: token.expiresAt }),
  })
}

function tokenNeeded(): GatewayError {
  return new GatewayError('unauthenticated', 'A token is needed, as "Authorization: Bearer TOKEN".', {
    fix: 'Run "mcpgw login" with your workspace URL.',
  })
}

function refusal(reason: 'malformed' | 'unknown' | 'revoked' | 'expired'): GatewayError {
  return new GatewayError('unauthenticated', 'This token is not accepted.', {
    cause: new Error(`token ${reason}`),
    refusesToken: true,
    fix: 'Ask an admin of the workspace for a new token, then run "mcpgw login" again.',
  })
}

function sessionRefusal(reason: 'malformed' | 'unknown' | 'revoked' | 'expired'): GatewayError {
  return new GatewayError('unauthenticated', 'You are not signed in any more.', {
    cause: new Error(`session ${reason}`),
    refusesToken: reason === 'malformed' || reason === 'unknown',
    fix: 'Sign in with your token again.',
  })
}

function storeFailure(cause: unknown): GatewayError {
  return new GatewayError('unavailable', 'The gateway cannot check tokens at the moment.', {
    cause,
    fix: 'Try again shortly; if it lasts, the gateway cannot reach its database.',
  })
}
