import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { StatsItem } from '../../api/shapes.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { Change } from '../../figures/change.tsx'
import { along, lastSpan, offsetEndingAt, stepsOf, WEEK_MS } from '../../figures/spans.ts'
import { count, duration, percent } from '../../format/numbers.ts'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { overviewQueries } from './overview-queries.ts'

interface Row extends StatsItem {
  before: StatsItem | undefined
  days: number[]
}

/** This week by server: how much, how well, how fast, and whether that is news. */
export function ServerTable({ slug }: { slug: string }) {
  const week = lastSpan(WEEK_MS, Date.now())
  const asked = overviewQueries(slug, Date.now())
  const now = useQuery(asked.servers)
  const before = useQuery(asked.serversBefore)
  const days = useQuery(asked.serversByDay)
  const steps = stepsOf(week, 'day', offsetEndingAt(week.to))
  return (
    <Card title="This week by server" flush>
      <Loaded query={now} height="12rem">
        {({ items }) => (
          <Table
            caption="Calls of the last 7 days by server, beside the 7 days before"
            columns={columnsOf(slug)}
            rows={items
              .filter(({ server }) => server != null)
              .map((item) => ({
                ...item,
                before: before.data?.items.find(({ server }) => server === item.server),
                days: along(
                  steps,
                  days.data?.items.filter(({ server }) => server === item.server) ?? [],
                  (day) => day?.calls ?? 0,
                ),
              }))}
            keyOf={({ server }) => server ?? ''}
            empty={
              <Empty title="No calls this week">
                As soon as a client uses a tool, this says how each server does.
              </Empty>
            }
          />
        )}
      </Loaded>
    </Card>
  )
}

function columnsOf(slug: string): Column<Row>[] {
  return [
    {
      title: 'Server',
      cell: ({ server }) => (
        <Link
          to="/w/$slug/insights"
          params={{ slug }}
          search={{ server: server ?? undefined }}
          className="wrap"
          title="Look into it in Insights"
        >
          {server}
        </Link>
      ),
      sortBy: ({ server }) => server ?? '',
    },
    { title: 'Calls', end: true, cell: ({ calls }) => count(calls), sortBy: ({ calls }) => calls },
    {
      title: 'Change',
      end: true,
      cell: ({ calls, before }) => <Change now={calls} before={before?.calls} />,
    },
    {
      title: 'Each day',
      cell: ({ days }) => (
        <span className="spark-cell">
          <Sparkline values={days} />
        </span>
      ),
    },
    {
      title: 'Error rate',
      end: true,
      cell: ({ errorRate, before }) => (
        <WithChange
          value={percent(errorRate)}
          change={<Change now={errorRate} before={before?.errorRate} as="points" worse="up" />}
        />
      ),
      sortBy: ({ errorRate }) => errorRate,
    },
    {
      title: 'p50',
      end: true,
      cell: ({ latencyMs }) => (latencyMs === null ? '–' : duration(latencyMs.p50)),
      sortBy: ({ latencyMs }) => latencyMs?.p50 ?? 0,
    },
    {
      title: 'p95 of the server',
      end: true,
      cell: ({ upstreamMs, before }) => (
        <WithChange
          value={upstreamMs === null ? '–' : duration(upstreamMs.p95)}
          change={<Change now={upstreamMs?.p95} before={before?.upstreamMs?.p95} worse="up" />}
        />
      ),
      sortBy: ({ upstreamMs }) => upstreamMs?.p95 ?? 0,
    },
    {
      title: 'p95 of the gateway',
      end: true,
      cell: ({ gatewayMs }) => (gatewayMs === null ? '–' : duration(gatewayMs.p95)),
      sortBy: ({ gatewayMs }) => gatewayMs?.p95 ?? 0,
    },
  ]
}

function WithChange({ value, change }: { value: string; change: React.ReactNode }) {
  return (
    <span className="with-change">
      {value} <span className="small">{change}</span>
    </span>
  )
}
