import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Stats } from '../../api/shapes.ts'
import { TimeChart } from '../../charts/time-chart.tsx'
import { along, lastSpan, type Span, stepsOf } from '../../figures/spans.ts'
import { count } from '../../format/numbers.ts'
import { DAY_MS } from '../../format/times.ts'
import { Card } from '../../parts/card.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { overviewQueries } from './overview-queries.ts'

const ASK_AGAIN_MS = 15_000

/** Calls and errors of the last 24 hours, hour by hour. */
export function DayChart({ slug }: { slug: string }) {
  const span = lastSpan(DAY_MS, Date.now())
  const stats = useQuery({ ...overviewQueries(slug, Date.now()).day, refetchInterval: ASK_AGAIN_MS })
  return (
    <Card
      title="Calls in the last 24 hours"
      actions={
        <Link to="/w/$slug/insights" params={{ slug }} search={{ range: '24h' }} className="small">
          In Insights
        </Link>
      }
    >
      <Loaded query={stats} height="16rem">
        {(data) => <Chart slug={slug} stats={data} {...span} />}
      </Loaded>
    </Card>
  )
}

function Chart({ slug, stats, from, to }: { slug: string; stats: Stats } & Span) {
  const navigate = useNavigate()
  const { times, series } = useMemo(() => {
    const steps = stepsOf({ from, to }, 'hour', 0)
    return {
      times: steps.map((step) => new Date(step).toISOString()),
      series: [
        {
          label: 'Calls',
          tone: 1 as const,
          values: along(steps, stats.items, (item) => item?.calls ?? 0),
          filled: true,
        },
        {
          label: 'Errors',
          tone: 'bad' as const,
          values: along(steps, stats.items, (item) => item?.errors ?? 0),
        },
      ],
    }
  }, [stats, from, to])
  const { calls, errors } = stats.total
  return (
    <TimeChart
      summary={`${count(calls)} calls in the last 24 hours, ${count(errors)} of them with errors.`}
      times={times}
      series={series}
      format={count}
      onSpan={(start, end) =>
        void navigate({ to: '/w/$slug/insights', params: { slug }, search: { from: start, to: end } })
      }
    />
  )
}
