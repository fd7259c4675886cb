import { useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { statsQuery } from '../../api/queries.ts'
import { hoursOf, instants, type Span } from '../../figures/spans.ts'
import { localTime, utcOffset } from '../../format/times.ts'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Skeleton } from '../../parts/skeleton.tsx'
import { CallerTable } from './caller-table.tsx'
import { callersIn } from './callers.ts'
import type { InsightsSearch } from './search.ts'
import { useInsights } from './use-insights.ts'

/** Each is asked for by itself; more than these few say little more. */
const MAX_HOURS = 10

/** Who calls: in the whole span, or in one hour of its days. */
export function WhoCalls() {
  const { slug, query, span, search } = useInsights()
  const { hour, weekday } = search
  const all = hour === undefined ? [span] : hoursOf(span, hour, weekday, utcOffset())
  const spans = all.slice(0, MAX_HOURS)
  const parts = useQueries({
    queries: spans.map((one) =>
      statsQuery(slug, query({ ...instants(one), by: 'member,token,client', limit: 500 })),
    ),
  })
  const failed = parts.find(({ isError }) => isError)
  return (
    <div className="stack close">
      {hour !== undefined && <ChosenHours spans={spans} left={all.length - spans.length} />}
      {failed !== undefined ? (
        <ErrorNotice error={failed.error} retry={() => void failed.refetch()} />
      ) : parts.some(({ data }) => data === undefined) ? (
        <Skeleton height="12rem" />
      ) : (
        <CallerTable
          several={spans.length > 1}
          callers={callersIn(
            parts.flatMap(({ data }, index) => {
              const one = spans[index]
              return data === undefined || one === undefined ? [] : [{ span: one, items: data.items }]
            }),
          )}
        />
      )}
    </div>
  )
}

const DAYS = ['Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays', 'Sundays']

/** Says what the table is of, and that the rest of the page is not. */
function ChosenHours({ spans, left }: { spans: readonly Span[]; left: number }) {
  const { search } = useInsights()
  const { hour = 0, weekday } = search
  const day = weekday === undefined ? 'Every day' : (DAYS[weekday] ?? '')
  const [last] = spans
  return (
    <p className="answer">
      <strong>
        {day}, {clock(hour)} to {clock((hour + 1) % 24)}
      </strong>
      : {countWords(spans.length, left)}
      {last !== undefined && `, the last on ${localTime(new Date(last.from).toISOString())}`}. Only the table
      below is of {spans.length === 1 ? 'it' : 'these hours'}, everything else on this page is of the whole
      time.{' '}
      {last !== undefined && (
        <Link
          to="/w/$slug/insights"
          from="/w/$slug/insights"
          search={({ range: _range, hour: _hour, weekday: _weekday, ...rest }: InsightsSearch) => ({
            ...rest,
            ...instants(last),
          })}
          resetScroll={false}
        >
          Narrow the page to the last one
        </Link>
      )}
      {last !== undefined && ' · '}
      <Link
        to="/w/$slug/insights"
        from="/w/$slug/insights"
        search={({ hour: _hour, weekday: _weekday, ...rest }: InsightsSearch) => rest}
        resetScroll={false}
      >
        Show all hours
      </Link>
    </p>
  )
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}

function countWords(shown: number, left: number): string {
  if (left > 0) return `the last ${shown} of ${shown + left} times`
  return shown === 1 ? 'once in this time' : `${shown} times in this time`
}
