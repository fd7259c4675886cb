import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/queries.ts'
import type { Stats } from '../../api/shapes.ts'
import { type Bucket, HOUR_MS } from '../../figures/spans.ts'
import { DAY_MS } from '../../format/times.ts'
import { inSteps, useInsights } from './use-insights.ts'

/** With fewer calls in a step, its percentiles are those of a handful, and the line says nothing. */
const ENOUGH_CALLS = 20
const DAYS_FOR_A_LINE = 3

export interface OverTime {
  now: UseQueryResult<Stats>
  /** What it is held against, as far as it is known. */
  before: Stats | undefined
  /** How long the steps of both are. */
  bucket: Bucket
}

/** The figures over time, by the hour or, where there are few calls, by the day. */
export function useOverTime(): OverTime {
  const { slug, bucket: finest, span, query, queryBefore } = useInsights()
  const length = span.to - span.from
  const couldBeDays = finest === 'hour' && length >= DAYS_FOR_A_LINE * DAY_MS
  const fine = useQuery(statsQuery(slug, query(inSteps(finest))))
  const days = useQuery({ ...statsQuery(slug, query(inSteps('day'))), enabled: couldBeDays })
  const sparse = (fine.data?.total.calls ?? 0) < (length / HOUR_MS) * ENOUGH_CALLS
  const bucket = couldBeDays && fine.data !== undefined && sparse ? 'day' : finest
  const compared = inSteps(bucket === 'minute' ? 'hour' : bucket)
  const before = useQuery({
    ...statsQuery(slug, queryBefore(compared)),
    enabled: fine.data !== undefined,
  }).data
  return { now: bucket === 'day' && finest !== 'day' ? days : fine, before, bucket }
}
