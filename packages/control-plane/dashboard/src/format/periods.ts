import { DAY_MS } from './times.ts'

const HOUR_MS = 3_600_000

/** The full hour so many days ago: the same for a whole hour, so that a question about it is one that was asked before. */
export function daysAgo(days: number, now = Date.now()): string {
  return new Date(Math.floor((now - days * DAY_MS) / HOUR_MS) * HOUR_MS).toISOString()
}
