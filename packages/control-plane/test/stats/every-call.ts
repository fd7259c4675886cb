import { type AuditRow, OUTCOMES } from '../../src/model/audit-row.ts'
import type { Storage } from '../../src/model/stores.ts'

/** Every row of a log, as it is. */
export async function everyRow({ audit }: Storage, workspaceId: string): Promise<AuditRow[]> {
  const rows: AuditRow[] = []
  for (let last = 0; ; ) {
    const read = await audit.read(workspaceId, last, 5_000)
    rows.push(...read)
    last = read.at(-1)?.seq ?? last
    if (read.length < 5_000) return rows
  }
}

/** What can be said exactly of some calls, from the calls themselves. */
export function exactly(calls: readonly AuditRow[]) {
  const answered = calls.filter(({ outcome }) => outcome !== 'denied' && outcome !== 'cancelled')
  const sent = answered.filter(({ upstreamMs }) => upstreamMs !== undefined)
  return {
    calls: calls.length,
    errors: calls.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'cancelled').length,
    outcomes: Object.fromEntries(
      OUTCOMES.map((outcome) => [outcome, calls.filter((call) => call.outcome === outcome).length]),
    ),
    bytesIn: sum(calls.map(({ bytesIn }) => bytesIn)),
    bytesOut: sum(calls.map(({ bytesOut }) => bytesOut)),
    latency: times(answered.map(({ latencyMs }) => latencyMs)),
    upstream: times(sent.map(({ upstreamMs = 0 }) => upstreamMs)),
    gateway: times(sent.map(({ latencyMs, upstreamMs = 0 }) => latencyMs - upstreamMs)),
  }
}

/** The mean to the microsecond, and the percentiles by nearest rank. */
function times(ms: readonly number[]) {
  if (ms.length === 0) return null
  const sorted = ms.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(ms.length * share) - 1] ?? Number.NaN
  const meanUs = Math.round(sum(ms.map((each) => Math.round(each * 1_000))) / ms.length)
  return { mean: meanUs / 1_000, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
