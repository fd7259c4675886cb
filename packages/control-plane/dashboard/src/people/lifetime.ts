import { DAY_MS } from '../format/times.ts'

/** How long something shall live: a number of days, for ever, or until the end of a day. */
export interface Lifetime {
  choice: string
  /** For `date`: a day as the browser's own field gives it, 2026-01-31. */
  date: string
}

export const LIFETIMES = [
  { value: '1', label: '1 day' },
  { value: '14', label: '14 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: 'never', label: 'Never ends' },
  { value: 'date', label: 'Until a day …' },
] as const

const DAY_S = DAY_MS / 1000
/** The admin API takes no more. */
const MOST_S = 10 * 366 * DAY_S

/**
 * The seconds that the admin API is told, or undefined for what never ends. A day that was chosen counts to its end,
 * in this browser's time zone.
 */
export function lifetimeSeconds({ choice, date }: Lifetime, now: number): number | undefined {
  if (choice === 'never') return undefined
  if (choice !== 'date') return Number(choice) * DAY_S
  return Math.floor((endOfDay(date) - now) / 1000)
}

/** What is wrong with it, or undefined. */
export function lifetimeMistake(lifetime: Lifetime, now: number): string | undefined {
  const seconds = lifetimeSeconds(lifetime, now)
  if (seconds === undefined) return undefined
  if (Number.isNaN(seconds)) return 'Choose a day.'
  if (seconds < 60) return 'Choose a day that is not over.'
  return seconds > MOST_S ? 'Choose a day within the next ten years.' : undefined
}

function endOfDay(date: string): number {
  return new Date(`${date}T23:59:59`).getTime()
}

/** A day as the browser's own field wants it, in its time zone. */
export function asDay(instant: number): string {
  const local = new Date(instant - new Date(instant).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 10)
}
