import type { Figures, StatsItem } from '../../api/shapes.ts'

export interface Contribution {
  item: StatsItem
  before: StatsItem | undefined
  /** Of the time that calls waited longer than before, or of all the time they waited: see `slower`. */
  share: number
}

export interface SlowDown {
  /** Whether calls wait clearly longer than before for what they call. */
  slower: boolean
  /** By share, largest first. */
  parts: Contribution[]
}

/** Less than this of all the time is the ups and downs of any week. */
const CLEARLY = 0.1

/**
 * Which parts account for how long servers take. Where they got slower: those whose calls wait longer than such calls
 * did before, by how much longer all of them together waited. More calls alone are no slow-down. Otherwise by time.
 */
export function slowDownOf(
  now: readonly StatsItem[],
  before: readonly StatsItem[],
  keyOf: (item: StatsItem) => string,
): SlowDown {
  const earlier = new Map(before.map((item) => [keyOf(item), item]))
  const parts = now.map((item) => {
    const match = earlier.get(keyOf(item))
    return { item, before: match, extraMs: extraOf(item, match), timeMs: timeOf(item) }
  })
  const extra = sumOf(parts.map(({ extraMs }) => extraMs))
  const time = sumOf(parts.map(({ timeMs }) => timeMs))
  const slower = extra > time * CLEARLY
  const shared = parts.map(({ item, before, extraMs, timeMs }) => ({
    item,
    before,
    share: slower ? extraMs / extra : time === 0 ? 0 : timeMs / time,
  }))
  return { slower, parts: shared.toSorted((a, b) => b.share - a.share) }
}

function extraOf(item: StatsItem, before: StatsItem | undefined): number {
  if (item.upstreamMs === null || before == null || before.upstreamMs === null) return 0
  return Math.max(0, item.upstreamMs.mean - before.upstreamMs.mean) * timedCalls(item)
}

function timeOf(item: StatsItem): number {
  return (item.upstreamMs?.mean ?? 0) * timedCalls(item)
}

/** Calls that were denied or given up are in no latency. */
function timedCalls({ calls, outcomes }: Figures): number {
  return calls - (outcomes.denied ?? 0) - (outcomes.cancelled ?? 0)
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
