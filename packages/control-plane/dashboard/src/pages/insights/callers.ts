import type { StatsItem } from '../../api/shapes.ts'
import type { Span } from '../../figures/spans.ts'

export interface Caller {
  member: string
  tokenId: string
  tokenName: string | null
  client: string | null
  calls: number
  errors: number
  /** Of one span; the highest, where several are put together. */
  p95: number | null
  /** The newest of the spans in which it called. */
  last: Span
}

/** Who called in several spans of time, newest first, put together: most calls first. */
export function callersIn(spans: readonly { span: Span; items: readonly StatsItem[] }[]): Caller[] {
  const callers = new Map<string, Caller>()
  for (const { span, items } of spans) {
    for (const item of items) {
      const found = callerOf(item, span)
      const key = JSON.stringify([found.member, found.tokenId, found.client])
      const known = callers.get(key)
      callers.set(key, known === undefined ? found : together(known, found))
    }
  }
  return [...callers.values()].toSorted((a, b) => b.calls - a.calls)
}

function callerOf(item: StatsItem, last: Span): Caller {
  const { member = '', tokenId = '', tokenName = null, client = null, calls, errors, latencyMs } = item
  return { member, tokenId, tokenName, client, calls, errors, p95: latencyMs?.p95 ?? null, last }
}

function together(newer: Caller, older: Caller): Caller {
  const p95 = newer.p95 === null ? older.p95 : Math.max(newer.p95, older.p95 ?? 0)
  return { ...newer, calls: newer.calls + older.calls, errors: newer.errors + older.errors, p95 }
}
