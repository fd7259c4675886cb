import { GatewayError } from '../../model/error.ts'

export interface AttemptsOptions {
  max: number
  windowMs: number
  now(): number
  /** Whether a failure was a wrong guess; others do not count. */
  isWrong(error: unknown): boolean
}

/**
 * A limit on wrong attempts. Kept in the memory of this process: several replicas let through as many times more,
 * which what is guessed here is long enough for, and a restart forgets.
 */
export interface Attempts {
  /** Does the work, and remembers against this key that it went wrong. Throws `too_many` when that happened too often. */
  attempt<T>(key: string, work: () => Promise<T>): Promise<T>
  /**
   * Remembers a wrong attempt that was let through whatever came before it. Answers how many milliseconds are left to
   * wait once there were more than the limit, otherwise undefined.
   */
  failed(key: string): number | undefined
}

/** More addresses than this are an attack, and its memory is ours: the oldest are forgotten. */
const MAX_KEYS = 10_000

export function createAttempts({ max, windowMs, now, isWrong }: AttemptsOptions): Attempts {
  const windows = new Map<string, { count: number; endsAt: number }>()

  function windowOf(key: string) {
    const known = windows.get(key)
    if (known !== undefined && known.endsAt > now()) return known
    windows.delete(key)
    const opened = { count: 0, endsAt: now() + windowMs }
    windows.set(key, opened)
    if (windows.size > MAX_KEYS) forgetOldest(windows)
    return opened
  }

  /** Who guesses nothing takes no place from those who are kept out. */
  function giveBack(key: string, window: { count: number }): void {
    window.count--
    if (window.count === 0 && windows.get(key) === window) windows.delete(key)
  }

  return {
    async attempt(key, work) {
      const window = windowOf(key)
      if (window.count >= max) throw tooMany(window.endsAt - now())
      // Counted before the work: guesses that run side by side must not all see the same free place.
      window.count++
      try {
        const done = await work()
        giveBack(key, window)
        return done
      } catch (error) {
        if (!isWrong(error)) giveBack(key, window)
        throw error
      }
    },
    failed(key) {
      const window = windowOf(key)
      window.count++
      return window.count > max ? window.endsAt - now() : undefined
    },
  }
}

function forgetOldest(windows: Map<string, unknown>): void {
  for (const key of windows.keys()) {
    windows.delete(key)
    return
  }
}

function tooMany(waitMs: number): GatewayError {
  const minutes = Math.ceil(waitMs / 60_000)
  return new GatewayError('too_many', 'There were too many wrong attempts.', {
    fix: `Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, then try again.`,
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  })
}
