import { DAY_MS } from '../format/times.ts'

const HOUR_MS = DAY_MS / 24

/** The last seven days as the statistics want it: from a whole hour, so that pages share one answer. */
export function lastWeek(now = Date.now()): { from: string } {
  return { from: new Date(Math.floor((now - 7 * DAY_MS) / HOUR_MS) * HOUR_MS).toISOString() }
}
