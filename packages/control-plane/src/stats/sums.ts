import { OUTCOMES, type Outcome } from '../model/audit-row.ts'
import { type CallSums, type CountedRow, TIMINGS, type Timing } from '../model/call-stats.ts'
import { addTime, emptyTiming, type Quantiles, quantilesOf } from './histogram.ts'

export function emptySums(): CallSums {
  return {
    outcomes: {
      ok: 0,
      tool_error: 0,
      protocol_error: 0,
      denied: 0,
      timeout: 0,
      cancelled: 0,
      unreachable: 0,
    },
    bytesIn: 0,
    bytesOut: 0,
    timings: { latency: emptyTiming(), upstream: emptyTiming(), gateway: emptyTiming() },
  }
}

type Summed = Pick<CountedRow, 'outcome' | 'bytesIn' | 'bytesOut' | 'latencyMs' | 'upstreamMs'>

export function addCall(sums: CallSums, { outcome, bytesIn, bytesOut, latencyMs, upstreamMs }: Summed): void {
  sums.outcomes[outcome] += 1
  sums.bytesIn += bytesIn
  sums.bytesOut += bytesOut
  // Who was refused or gave up waited for no answer: their times would say nothing of those who did.
  if (outcome === 'denied' || outcome === 'cancelled') return
  addTime(sums.timings.latency, latencyMs)
  if (upstreamMs === null) return
  addTime(sums.timings.upstream, upstreamMs)
  addTime(sums.timings.gateway, Math.max(0, latencyMs - upstreamMs))
}

export function addSums(to: CallSums, more: CallSums): void {
  for (const outcome of OUTCOMES) to.outcomes[outcome] += more.outcomes[outcome]
  to.bytesIn += more.bytesIn
  to.bytesOut += more.bytesOut
  for (const name of TIMINGS) addTiming(to.timings[name], more.timings[name])
}

/** Plain loops here and in what counts rows: each call that is logged goes through them a dozen times. */
function addTiming(to: Timing, { sumUs, counts }: Timing): void {
  to.sumUs += sumUs
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket] ?? 0
    if (count !== 0) to.counts[bucket] = (to.counts[bucket] ?? 0) + count
  }
}

export function callsIn({ outcomes }: CallSums): number {
  return OUTCOMES.reduce((sum, outcome) => sum + outcomes[outcome], 0)
}

/** What people read of sums. */
export interface Figures {
  calls: number
  errors: number
  errorRate: number
  outcomes: Record<Outcome, number>
  bytesIn: number
  bytesOut: number
  latencyMs: Quantiles | null
  gatewayMs: Quantiles | null
  upstreamMs: Quantiles | null
}

export function figuresOf(sums: CallSums): Figures {
  const { outcomes, bytesIn, bytesOut, timings } = sums
  const calls = callsIn(sums)
  const errors = calls - outcomes.ok - outcomes.cancelled
  return {
    calls,
    errors,
    errorRate: calls === 0 ? 0 : errors / calls,
    outcomes,
    bytesIn,
    bytesOut,
    latencyMs: rounded(quantilesOf(timings.latency)),
    gatewayMs: rounded(quantilesOf(timings.gateway)),
    upstreamMs: rounded(quantilesOf(timings.upstream)),
  }
}

/** To microseconds: more digits would only look exact. */
function rounded(quantiles: Quantiles | undefined): Quantiles | null {
  if (quantiles === undefined) return null
  const round = (ms: number) => Math.round(ms * 1_000) / 1_000
  const { p50, p95, p99, mean } = quantiles
  return { p50: round(p50), p95: round(p95), p99: round(p99), mean: round(mean) }
}
