import { DAY_MS } from '../format/times.ts'

/** A piece of time, Unix milliseconds; `to` is exclusive. */
export interface Span {
  from: number
  to: number
}

export type Range = '24h' | '7d' | '30d'

export type Bucket = 'minute' | 'hour' | 'day'

export const HOUR_MS = 3_600_000
export const WEEK_MS = 7 * DAY_MS

const RANGE_MS: Record<Range, number> = { '24h': DAY_MS, '7d': WEEK_MS, '30d': 30 * DAY_MS }

/** The last so many hours or days, to the end of the hour that runs: the figures are kept by the hour. */
export function lastSpan(lengthMs: number, now: number): Span {
  const to = Math.ceil(now / HOUR_MS) * HOUR_MS
  return { from: to - lengthMs, to }
}

export interface Asked {
  range?: Range | undefined
  from?: string | undefined
  to?: string | undefined
}

/** What an address asks for: its `from` and `to` where they make sense, else its range, else the last week. */
export function spanOf({ range = '7d', from, to }: Asked, now: number): Span {
  const recent = lastSpan(RANGE_MS[range], now)
  const end = instantOr(to, recent.to)
  const custom = { from: instantOr(from, end - RANGE_MS[range]), to: end }
  return custom.from < custom.to ? custom : recent
}

function instantOr(text: string | undefined, otherwise: number): number {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? otherwise : ms
}

/** How one says it in a sentence. */
export function wordsOf({ range = '7d', from, to }: Asked): string {
  if (from !== undefined || to !== undefined) return 'in this time'
  return range === '7d' ? 'this week' : range === '24h' ? 'in the last 24 hours' : 'in the last 30 days'
}

/** As the admin API is asked. */
export function instants({ from, to }: Span): { from: string; to: string } {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
}

/** What a span is held against, and how one says so. A week later the same weekdays have the same work in them. */
export function spanBefore({ from, to }: Span): { span: Span; words: string } {
  const length = to - from
  const days = Math.max(7, Math.ceil(length / DAY_MS))
  const span = { from: from - days * DAY_MS, to: to - days * DAY_MS }
  if (length === WEEK_MS) return { span, words: 'the week before' }
  return { span, words: length < WEEK_MS ? 'the same time a week before' : `the ${days} days before` }
}

const MINUTES_KEPT_MS = 26 * HOUR_MS

/** The steps that make a readable line of a span. Minutes are kept for a day, and by server alone. */
export function bucketOf({ from, to }: Span, now: number, byServerAlone: boolean): Bucket {
  const length = to - from
  if (length <= 6 * HOUR_MS && byServerAlone && from > now - MINUTES_KEPT_MS) return 'minute'
  return length <= 8 * DAY_MS ? 'hour' : 'day'
}

const BUCKET_MS: Record<Bucket, number> = { minute: 60_000, hour: HOUR_MS, day: DAY_MS }

/** Where every step of a span begins, also those without a call in them. Days are the reader's, `offset` minutes east. */
export function stepsOf({ from, to }: Span, bucket: Bucket, offset: number): number[] {
  const step = BUCKET_MS[bucket]
  const shift = bucket === 'day' ? offset * 60_000 : 0
  const first = Math.floor((from + shift) / step) * step - shift
  return Array.from({ length: Math.ceil((to - first) / step) }, (_, index) => first + index * step)
}

/** Lays items out over the steps, with what is to stand where there is none. */
export function along<Item extends { start?: string | undefined }, Value>(
  steps: readonly number[],
  items: readonly Item[],
  value: (item: Item | undefined) => Value,
): Value[] {
  const byStart = new Map(items.map((item) => [Date.parse(item.start ?? ''), item]))
  return steps.map((step) => value(byStart.get(step)))
}

/**
 * Minutes east of UTC at which a day ends when this span does. With it, days are the 24 hours up to now, and the last
 * of them is as full as the others.
 */
export function offsetEndingAt(to: number): number {
  const sinceMidnight = (to % DAY_MS) / 60_000
  return sinceMidnight <= 720 ? -sinceMidnight : 1440 - sinceMidnight
}

/**
 * Every time that an hour of the day (of one weekday, 0 being Monday) comes up in a span, newest first. `offset` is the
 * reader's, in minutes east of UTC.
 */
export function hoursOf(
  { from, to }: Span,
  hour: number,
  weekday: number | undefined,
  offset: number,
): Span[] {
  return stepsOf({ from, to }, 'day', offset)
    .map((midnight) => wholeHour(midnight + hour * HOUR_MS))
    .filter((span) => span.from >= from && span.to <= to)
    .filter((span) => weekday === undefined || weekdayOf(span.from, offset) === weekday)
    .toReversed()
}

/** The hour of UTC that begins in this one: figures are kept by those, and in some places hours begin half-way. */
function wholeHour(ms: number): Span {
  const from = Math.ceil(ms / HOUR_MS) * HOUR_MS
  return { from, to: from + HOUR_MS }
}

/** 0 is Monday. */
function weekdayOf(ms: number, offset: number): number {
  return (new Date(ms + offset * 60_000).getUTCDay() + 6) % 7
}
