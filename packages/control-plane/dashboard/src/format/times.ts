const dateAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const withSeconds = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

const MINUTE = 60_000
const HOUR = 60 * MINUTE
export const DAY_MS = 24 * HOUR

/** Where this browser is, in minutes east of UTC, as the statistics want it. */
export function utcOffset(): number {
  return -new Date().getTimezoneOffset()
}

/** In this browser's time zone. */
export function localTime(instant: string): string {
  return dateAndTime.format(new Date(instant))
}

export function localTimeWithSeconds(instant: string): string {
  return withSeconds.format(new Date(instant))
}

export function localDay(instant: string): string {
  return day.format(new Date(instant))
}

/** "3 minutes ago", "in 13 days": as coarse as people say it. */
export function ago(instant: string, now = Date.now()): string {
  const ms = Date.parse(instant) - now
  const size = Math.abs(ms)
  if (size < 45_000) return ms <= 0 ? 'just now' : 'in a moment'
  if (size < HOUR) return relative.format(Math.round(ms / MINUTE), 'minute')
  if (size < DAY_MS) return relative.format(Math.round(ms / HOUR), 'hour')
  if (size < 60 * DAY_MS) return relative.format(Math.round(ms / DAY_MS), 'day')
  return relative.format(Math.round(ms / (30 * DAY_MS)), 'month')
}
