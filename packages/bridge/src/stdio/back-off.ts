import { setTimeout as wait } from 'node:timers/promises'

export interface BackOff {
  /** Waits a random time below a ceiling that doubles with every call. Resolves early when aborted. */
  pause(signal: AbortSignal, atLeastMs?: number): Promise<void>
  reset(): void
}

const firstCeilingMs = 100

export function createBackOff(maxMs: number, random: () => number): BackOff {
  let ceilingMs = firstCeilingMs
  return {
    async pause(signal, atLeastMs = 0) {
      const delayMs = Math.max(atLeastMs, ceilingMs * (0.5 + random() / 2))
      ceilingMs = Math.min(ceilingMs * 2, maxMs)
      await wait(delayMs, undefined, { signal }).catch(() => undefined)
    },
    reset() {
      ceilingMs = firstCeilingMs
    },
  }
}
