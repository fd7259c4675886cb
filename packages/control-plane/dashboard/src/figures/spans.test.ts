import { describe, expect, it } from 'vitest'
import {
  along,
  bucketOf,
  HOUR_MS,
  hoursOf,
  lastSpan,
  offsetEndingAt,
  spanBefore,
  spanOf,
  stepsOf,
} from './spans.ts'

const NOW = Date.parse('2026-11-25T15:20:00Z') // a Wednesday
const at = (text: string) => Date.parse(text)

describe('the span of an address', () => {
  it('is the last week to the end of this hour when nothing is asked', () => {
    expect(spanOf({}, NOW)).toEqual({ from: at('2026-11-18T16:00:00Z'), to: at('2026-11-25T16:00:00Z') })
  })

  it('is what from and to say', () => {
    const asked = { from: '2026-11-01T00:00:00Z', to: '2026-11-02T06:00:00Z' }
    expect(spanOf({ range: '24h', ...asked }, NOW)).toEqual({ from: at(asked.from), to: at(asked.to) })
  })

  it('reaches to now from a beginning without an end', () => {
    expect(spanOf({ from: '2026-11-25T09:00:00Z' }, NOW).to).toBe(at('2026-11-25T16:00:00Z'))
  })

  it('is the range when from and to are no times, or the wrong way round', () => {
    const day = lastSpan(24 * HOUR_MS, NOW)
    expect(spanOf({ range: '24h', from: 'yesterday' }, NOW)).toEqual(day)
    expect(spanOf({ range: '24h', from: '2026-11-03T00:00:00Z', to: '2026-11-02T00:00:00Z' }, NOW)).toEqual(
      day,
    )
  })
})

describe('what a span is held against', () => {
  it('has the same weekdays for all up to a week', () => {
    const { span, words } = spanBefore(lastSpan(24 * HOUR_MS, NOW))
    expect(span.to).toBe(at('2026-11-18T16:00:00Z'))
    expect(words).toBe('the same time a week before')
    expect(spanBefore(spanOf({}, NOW)).words).toBe('the week before')
  })

  it('does not overlap a longer span', () => {
    const month = spanOf({ range: '30d' }, NOW)
    expect(spanBefore(month).span.to).toBe(month.from)
    expect(spanBefore(month).words).toBe('the 30 days before')
  })
})

describe('steps', () => {
  it('are minutes only where minutes are kept', () => {
    const hours = { from: NOW - 3 * HOUR_MS, to: NOW }
    expect(bucketOf(hours, NOW, true)).toBe('minute')
    expect(bucketOf(hours, NOW, false)).toBe('hour')
    expect(bucketOf({ from: NOW - 40 * HOUR_MS, to: NOW - 38 * HOUR_MS }, NOW, true)).toBe('hour')
    expect(bucketOf(spanOf({ range: '30d' }, NOW), NOW, true)).toBe('day')
  })

  it('begin days at midnight where the reader is', () => {
    const span = { from: at('2026-11-24T12:00:00Z'), to: at('2026-11-26T00:00:00Z') }
    expect(stepsOf(span, 'day', 120)).toEqual([
      at('2026-11-23T22:00:00Z'),
      at('2026-11-24T22:00:00Z'),
      at('2026-11-25T22:00:00Z'),
    ])
  })

  it('are there without calls, too', () => {
    const steps = stepsOf({ from: 0, to: 3 * HOUR_MS }, 'hour', 0)
    const items = [{ start: '1970-01-01T01:00:00.000Z', calls: 7 }]
    expect(along(steps, items, (item) => item?.calls ?? 0)).toEqual([0, 7, 0])
  })

  it('can end days at any hour', () => {
    for (const hour of [0, 5, 12, 16, 23]) {
      const to = at('2026-11-25T00:00:00Z') + hour * HOUR_MS
      const steps = stepsOf({ from: to - 7 * 24 * HOUR_MS, to }, 'day', offsetEndingAt(to))
      expect(steps).toHaveLength(7)
      expect(Math.abs(offsetEndingAt(to))).toBeLessThanOrEqual(720)
    }
  })
})

describe('an hour of the week', () => {
  it('comes up once in a week, on that day where the reader is', () => {
    // Tuesday 2:00 at UTC+3 is Monday 23:00 UTC.
    expect(hoursOf(spanOf({}, NOW), 2, 1, 180)).toEqual([
      { from: at('2026-11-23T23:00:00Z'), to: at('2026-11-24T00:00:00Z') },
    ])
  })

  it('comes up four or five times in 30 days, newest first', () => {
    const hours = hoursOf(spanOf({ range: '30d' }, NOW), 2, 1, 0)
    expect(hours.map(({ from }) => new Date(from).toISOString().slice(0, 10))).toEqual([
      '2026-11-24',
      '2026-11-17',
      '2026-11-10',
      '2026-11-03',
      '2026-10-27',
    ])
  })

  it('comes up every day when no weekday is asked for', () => {
    expect(hoursOf(spanOf({}, NOW), 2, undefined, 0)).toHaveLength(7)
  })
})
