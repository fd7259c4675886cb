import type { Change } from '../model/change.ts'
import type { Clock } from '../model/clock.ts'
import type { Principal } from '../model/principal.ts'
import type { TokenStore } from '../model/stores.ts'
import { inTime } from './in-time.ts'
import { isIdle, lastUseOf } from './session-idle.ts'

// Timers do not notice when the system clock is set, and cannot run for longer than 24 days: look again each minute.
const LONGEST_TIMER_MS = 60_000

interface WatchesOptions {
  tokens: TokenStore
  clock: Clock
  hashOf(principal: Principal): string | undefined
}

export interface Watches {
  watch(principal: Principal, onEnd: () => void): () => void
  /** A token or a workspace has changed. */
  changed(change: Change): void
  recheckAll(): void
  /** The same for those about whom nobody is asking just now. */
  recheckIdle(): void
  stop(): void
}

/** Everyone watching one principal: one timer and one question to the store for all of them. */
interface Watch {
  principal: Principal
  hash: string | undefined
  listeners: Set<() => void>
  /** Questions to the store that are not answered yet. */
  asked: number
  timer?: NodeJS.Timeout
}

export function createWatches({ tokens, clock, hashOf }: WatchesOptions): Watches {
  const watches = new Map<Principal, Watch>()

  function watch(principal: Principal, onEnd: () => void): () => void {
    const watched = watches.get(principal) ?? begin(principal)
    // A function of our own, so that the same callback may watch twice.
    const listener = () => onEnd()
    watched.listeners.add(listener)
    return () => {
      watched.listeners.delete(listener)
      if (watched.listeners.size === 0) forget(watched)
    }
  }

  function begin(principal: Principal): Watch {
    const watched: Watch = { principal, hash: hashOf(principal), listeners: new Set(), asked: 0 }
    watches.set(principal, watched)
    awaitExpiry(watched)
    // The token may have changed between the authentication and now.
    void recheck(watched)
    return watched
  }

  function awaitExpiry(watched: Watch): void {
    const { expiresAt } = watched.principal
    if (expiresAt === undefined) return
    const delayMs = Math.min(Math.max(expiresAt - clock.now(), 0), LONGEST_TIMER_MS)
    watched.timer = setTimeout(() => {
      if (clock.now() >= expiresAt) return end(watched)
      awaitExpiry(watched)
      // That nobody uses it is no change, so nothing else tells of it.
      if (watched.principal.kind === 'session') void recheck(watched)
    }, delayMs)
    watched.timer.unref()
  }

  async function recheck(watched: Watch): Promise<void> {
    watched.asked += 1
    const holds = await stillHolds(watched).catch(() => false)
    watched.asked -= 1
    if (!holds) end(watched)
  }

  async function stillHolds({ principal, hash }: Watch): Promise<boolean> {
    const token = await inTime(tokens.byId(principal.tokenId))
    if (token === undefined || token.revokedAt !== undefined) return false
    if (token.kind === 'session' && isIdle(lastUseOf(token), clock.now())) return false
    return hash === undefined || token.hash === hash
  }

  function end(watched: Watch): void {
    if (watches.get(watched.principal) !== watched) return
    forget(watched)
    for (const listener of watched.listeners) listener()
  }

  function forget(watched: Watch): void {
    clearTimeout(watched.timer)
    if (watches.get(watched.principal) === watched) watches.delete(watched.principal)
  }

  function concerns(change: Change, { principal, hash }: Watch): boolean {
    if (change.kind === 'token') return hash === undefined || hash === change.id
    return principal.workspaceId === (change.workspaceId ?? change.id)
  }

  return {
    watch,
    changed(change) {
      for (const watched of watches.values()) if (concerns(change, watched)) void recheck(watched)
    },
    recheckAll() {
      for (const watched of watches.values()) void recheck(watched)
    },
    recheckIdle() {
      for (const watched of watches.values()) if (watched.asked === 0) void recheck(watched)
    },
    stop() {
      for (const watched of [...watches.values()]) forget(watched)
    },
  }
}
