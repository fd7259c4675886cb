import type { Outcome } from '../model/audit-row.ts'
import { HISTOGRAM_BUCKETS, type TimingName } from '../model/call-stats.ts'

/** In the order of `OUTCOMES`. */
export const OUTCOME_COLUMNS = {
  ok: 'ok',
  tool_error: 'toolError',
  protocol_error: 'protocolError',
  denied: 'denied',
  timeout: 'timeout',
  cancelled: 'cancelled',
  unreachable: 'unreachable',
} as const satisfies Record<Outcome, string>

export const SUM_COLUMNS = ['bytesIn', 'bytesOut', 'latencyUs', 'upstreamUs', 'gatewayUs'] as const

const LETTERS = { latency: 'l', upstream: 'u', gateway: 'g' } as const satisfies Record<TimingName, string>

export type BucketColumn = `${'l' | 'u' | 'g'}${number}`

export function bucketColumns(timing: TimingName): BucketColumn[] {
  return Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) => `${LETTERS[timing]}${bucket}` as const)
}

export const BUCKETS: readonly BucketColumn[] = [
  ...bucketColumns('latency'),
  ...bucketColumns('upstream'),
  ...bucketColumns('gateway'),
]
