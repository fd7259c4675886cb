import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { StatsQuery } from '../../api/queries.ts'
import {
  type Bucket,
  bucketOf,
  instants,
  type Span,
  spanBefore,
  spanOf,
  wordsOf,
} from '../../figures/spans.ts'
import { utcOffset } from '../../format/times.ts'
import { useMay } from '../../shell/session.tsx'
import type { AuditSearch } from '../audit/search.ts'
import type { InsightsSearch } from './search.ts'

export const FILTERS = ['server', 'tool', 'member', 'token', 'client'] as const
export type Filter = (typeof FILTERS)[number]

export const FILTER_WORD: Record<Filter, string> = {
  server: 'Server',
  tool: 'Tool',
  member: 'Member',
  token: 'Token',
  client: 'Client',
}

const PAGE = '/inside/w/$slug/insights'

export interface Insights {
  slug: string
  search: InsightsSearch
  span: Span
  /** Such as "this week". */
  words: string
  before: { span: Span; words: string }
  bucket: Bucket
  /** The same place of the statistics for another time or grouping. */
  query(more?: StatsQuery): StatsQuery
  queryBefore(more?: StatsQuery): StatsQuery
  /** The rows of the log that are counted here. */
  logSearch(more?: AuditSearch): AuditSearch
}

/** What the address says the figures are of. */
export function useInsights(): Insights {
  const { slug } = useParams({ from: PAGE })
  const search = useSearch({ from: PAGE })
  const may = useMay()
  const now = Date.now()
  const span = spanOf(search, now)
  const before = spanBefore(span)
  const { server, tool, member, token, client } = search
  const filters = { server, tool, member, token, client }
  const byServerAlone =
    may('audit.read-all') && [tool, member, token, client].every((value) => value === undefined)
  return {
    slug,
    search,
    span,
    words: wordsOf(search),
    before,
    bucket: bucketOf(span, now, byServerAlone),
    query: (more) => ({ ...filters, ...instants(span), ...more }),
    queryBefore: (more) => ({ ...filters, ...instants(before.span), ...more }),
    logSearch: (more) => ({ kind: 'call', ...filters, ...instants(span), ...more }),
  }
}

/** Steps of an hour and of a minute begin everywhere at once; days begin where the reader is. */
export function inSteps(bucket: Bucket): StatsQuery {
  return bucket === 'day' ? { bucket, utcOffset: utcOffset() } : { bucket }
}

const MINUTE_MS = 60_000

/** Narrows the page to a span that was dragged over. */
export function useNarrow(): (from: string, to: string) => void {
  const navigate = useNavigate({ from: '/w/$slug/insights' })
  return (from, to) =>
    void navigate({
      search: ({ range: _range, hour: _hour, weekday: _weekday, ...rest }) => ({
        ...rest,
        from: toMinute(Date.parse(from), Math.floor),
        to: toMinute(Date.parse(to), Math.ceil),
      }),
      resetScroll: false,
    })
}

function toMinute(ms: number, round: (value: number) => number): string {
  return new Date(round(ms / MINUTE_MS) * MINUTE_MS).toISOString()
}
