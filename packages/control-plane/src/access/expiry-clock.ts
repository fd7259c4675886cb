import type { Clock } from '../model/clock.ts'

/**
 * A clock to judge ends by. It follows the given one forward; when that is set back, it goes on by the time that has
 * really passed, so that nothing which was over begins again.
 */
export function createExpiryClock(clock: Clock, elapsedMs = () => performance.now()): Clock {
  const zero = clock.now() - elapsedMs()
  return { now: () => Math.max(clock.now(), zero + elapsedMs()) }
}
