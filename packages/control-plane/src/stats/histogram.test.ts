import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HISTOGRAM_BUCKETS } from '../model/call-stats.ts'
import { addTime, BOUNDS_MS, bucketOf, emptyTiming, percentileOf, quantilesOf } from './histogram.ts'

// To the microsecond, as they are logged; a bound itself now and then.
const time = fc.oneof(
  fc.integer({ min: 0, max: 90_000_000 }).map((us) => us / 1_000),
  fc.integer({ min: 0, max: 20_000 }).map((us) => us / 1_000),
  fc.constantFrom(...BOUNDS_MS),
)

it('puts every time into the bucket whose bounds are around it', () => {
  fc.assert(
    fc.property(time, (ms) => {
      const bucket = bucketOf(ms)
      expect(ms).toBeGreaterThanOrEqual(BOUNDS_MS[bucket - 1] ?? 0)
      expect(ms).toBeLessThan(BOUNDS_MS[bucket] ?? Infinity)
    }),
    { numRuns: 2_000 },
  )
})

it('has bounds from 0.25 ms to 65.5 s, one more bucket than bounds, and each √2 of the one before', () => {
  expect(BOUNDS_MS).toHaveLength(HISTOGRAM_BUCKETS - 1)
  expect([BOUNDS_MS[0], BOUNDS_MS.at(-1)]).toEqual([0.25, 65_536])
  for (const [index, bound] of BOUNDS_MS.slice(1).entries())
    expect(bound / (BOUNDS_MS[index] ?? 0)).toBeCloseTo(Math.SQRT2, 10)
})

it('gives percentiles that are off by a bucket at most, and an exact mean', () => {
  const share = fc.constantFrom(0.5, 0.95, 0.99)
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 300 }), share, (times, wanted) => {
      const timing = emptyTiming()
      for (const ms of times) addTime(timing, ms)
      const exact = times.toSorted((a, b) => a - b)[Math.ceil(times.length * wanted) - 1] ?? Number.NaN
      const bucket = bucketOf(exact)
      const found = percentileOf(timing.counts, wanted)
      expect(found).toBeGreaterThanOrEqual(BOUNDS_MS[bucket - 1] ?? 0)
      expect(found).toBeLessThanOrEqual(BOUNDS_MS[bucket] ?? 65_536)
      const sum = times.reduce((total, ms) => total + ms, 0)
      expect(quantilesOf(timing)?.mean).toBeCloseTo(sum / times.length, 2)
    }),
    { numRuns: 1_000 },
  )
})

it('has no percentiles of nothing', () => {
  expect(quantilesOf(emptyTiming())).toBeUndefined()
})
