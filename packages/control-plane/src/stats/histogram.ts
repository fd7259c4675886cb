import { HISTOGRAM_BUCKETS, type Timing } from '../model/call-stats.ts'

const FIRST_BOUND_MS = 0.25

/**
 * Bucket n holds what is at least `BOUNDS_MS[n - 1]` and less than `BOUNDS_MS[n]`: each bound is √2 of the one before, from
 * 0.25 ms to 65.5 seconds. The first bucket begins at 0, the last has no end.
 */
export const BOUNDS_MS: readonly number[] = Array.from(
  { length: HISTOGRAM_BUCKETS - 1 },
  (_, index) => FIRST_BOUND_MS * 2 ** (index / 2),
)

export function bucketOf(ms: number): number {
  const estimate = Math.floor(2 * Math.log2(ms / FIRST_BOUND_MS)) + 1
  let bucket = Math.min(Math.max(estimate, 0), HISTOGRAM_BUCKETS - 1) || 0
  // A logarithm is not exact at the bounds.
  while (bucket > 0 && ms < (BOUNDS_MS[bucket - 1] ?? 0)) bucket -= 1
  while (bucket < BOUNDS_MS.length && ms >= (BOUNDS_MS[bucket] ?? Infinity)) bucket += 1
  return bucket
}

export function emptyTiming(): Timing {
  return { sumUs: 0, counts: new Array<number>(HISTOGRAM_BUCKETS).fill(0) }
}

export function addTime(timing: Timing, ms: number): void {
  const bucket = bucketOf(ms)
  timing.sumUs += Math.round(ms * 1_000)
  timing.counts[bucket] = (timing.counts[bucket] ?? 0) + 1
}

export interface Quantiles {
  p50: number
  p95: number
  p99: number
  mean: number
}

/** In milliseconds; undefined without any times. The mean is exact, the rest as `percentileOf` says. */
export function quantilesOf({ sumUs, counts }: Timing): Quantiles | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  return {
    p50: percentileOf(counts, 0.5),
    p95: percentileOf(counts, 0.95),
    p99: percentileOf(counts, 0.99),
    mean: sumUs / 1_000 / total,
  }
}

/**
 * The time that this share of the calls did not take longer than. It lies in the bucket of the exact one (by nearest rank),
 * so it is off by that bucket's width at most: 41 % too much or 29 % too little at the very worst, and far less where calls
 * spread over the bucket. Below 0.25 ms it is off by 0.25 ms; from 65.5 s on it is 65.5 s.
 */
export function percentileOf(counts: readonly number[], share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const rank = Math.max(1, Math.ceil(total * share))
  let before = 0
  for (const [bucket, count] of counts.entries()) {
    if (before + count >= rank) return within(bucket, (rank - before) / count)
    before += count
  }
  return 0
}

function within(bucket: number, share: number): number {
  const lower = BOUNDS_MS[bucket - 1] ?? 0
  const upper = BOUNDS_MS[bucket] ?? lower
  return lower + (upper - lower) * share
}
