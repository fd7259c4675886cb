import type { Token } from '../model/token.ts'

/** A browser that was left alone for this long is signed out: two hours. */
export const SESSION_IDLE_MS = 7_200_000

export function lastUseOf({ lastUsedAt, createdAt }: Token): number {
  return lastUsedAt ?? createdAt
}

/** Judged by the clock as it is: one that was set back must not end what is in use. */
export function isIdle(usedAt: number, now: number): boolean {
  return now - usedAt >= SESSION_IDLE_MS
}
