import type { Clock, Random } from '../../model/clock.ts'

const FIRST_BACKOFF_MS = 500
const CRASH_WINDOW_MS = 5 * 60_000
const CRASHES_TO_FAIL = 5
const SLOW_RETRY_MS = 30_000
const HEALTHY_MS = 60_000

/** When a process that crashes may be started again. One per hosted process; it holds no timer. */
export interface RestartPolicy {
  mayStart(): { allowed: true } | { allowed: false; retryAt: number; reason: string }
  started(): void
  /** It ended without being asked to, or could not be started. */
  crashed(): void
  /** It answered. Say it as often as you like; the first time after a start counts. */
  healthy(): void
}

/**
 * After the first crash at once, then with full jitter up to 0.5, 1 and 2 s; from the fifth crash within 5 minutes
 * on, only every 30 s. A process that stayed healthy for 60 s has its past forgiven.
 */
export function createRestartPolicy({ clock, random }: { clock: Clock; random: Random }): RestartPolicy {
  let crashTimes: number[] = []
  let retryAt = 0
  let healthySince: number | undefined

  function forgive() {
    if (healthySince !== undefined && clock.now() - healthySince >= HEALTHY_MS) crashTimes = []
    healthySince = undefined
  }

  return {
    mayStart() {
      if (clock.now() >= retryAt) return { allowed: true }
      return { allowed: false, retryAt, reason: reasonToWait(crashTimes.length) }
    },
    started() {
      forgive()
    },
    crashed() {
      forgive()
      const now = clock.now()
      crashTimes = [...crashTimes.filter((time) => now - time < CRASH_WINDOW_MS), now]
      retryAt = now + waitMs(crashTimes.length, random)
    },
    healthy() {
      healthySince ??= clock.now()
    },
  }
}

function waitMs(crashes: number, random: Random): number {
  if (crashes === 1) return 0
  if (crashes >= CRASHES_TO_FAIL) return SLOW_RETRY_MS
  return fraction(random) * FIRST_BACKOFF_MS * 2 ** (crashes - 2)
}

function fraction(random: Random): number {
  return Buffer.from(random.bytes(4)).readUInt32BE() / 2 ** 32
}

function reasonToWait(crashes: number): string {
  if (crashes >= CRASHES_TO_FAIL)
    return `It crashed ${crashes} times within 5 minutes and is tried again every 30 s.`
  return 'It crashed a moment ago and is started again shortly.'
}
