import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { logQuery, statsQuery } from '../../api/queries.ts'
import { type LogRow, OUTCOMES, type Outcome, type StatsItem } from '../../api/shapes.ts'
import { type Series, TimeChart } from '../../charts/time-chart.tsx'
import { count, duration, percent } from '../../format/numbers.ts'
import { daysAgo } from '../../format/periods.ts'
import { OutcomeBadge, outcomeWord } from '../../parts/badge.tsx'
import { ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Stat } from '../../parts/stat.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

interface Props {
  slug: string
  server: string
}

/** A week of one server: how long it takes and where, what goes wrong, and the last failures. */
export function ServerActivity({ slug, server }: Props) {
  const from = daysAgo(7)
  const week = useQuery(statsQuery(slug, { server, from }))
  return (
    <>
      <Loaded query={week} height="6rem">
        {({ total }) => (
          <div className="columns narrow">
            <Stat label="Calls, 7 days" value={count(total.calls)} />
            <Stat label="Errors" value={percent(total.errorRate)} hint={`${count(total.errors)} calls`} />
            <Stat
              label="At the server, p95"
              value={total.upstreamMs === null ? '–' : duration(total.upstreamMs.p95)}
            />
            <Stat
              label="In the gateway, p95"
              value={total.gatewayMs === null ? '–' : duration(total.gatewayMs.p95)}
            />
          </div>
        )}
      </Loaded>
      <Card
        title="How long calls take"
        actions={
          <ButtonLink small to="/w/$slug/insights" params={{ slug }} search={{ server }}>
            More in Insights
          </ButtonLink>
        }
      >
        <Latency slug={slug} server={server} from={from} />
      </Card>
      <Card title="What goes wrong" flush>
        <Errors slug={slug} server={server} from={from} />
      </Card>
      <Card
        title="The last failures"
        flush
        actions={
          <ButtonLink small to="/w/$slug/audit" params={{ slug }} search={{ server }}>
            All calls in the log
          </ButtonLink>
        }
      >
        <Failures slug={slug} server={server} from={from} />
      </Card>
    </>
  )
}

interface SpanProps extends Props {
  from: string
}

function Latency({ slug, server, from }: SpanProps) {
  const hours = useQuery(statsQuery(slug, { server, from, bucket: 'hour' }))
  return (
    <Loaded query={hours} height="16rem">
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="No calls in the last 7 days">The times appear with the first call.</Empty>
        ) : (
          <LatencyChart items={items} />
        )
      }
    </Loaded>
  )
}

function LatencyChart({ items }: { items: readonly StatsItem[] }) {
  const [times, series] = useMemo(
    () => [items.map(({ start }) => start ?? ''), latencySeries(items)] as const,
    [items],
  )
  return (
    <TimeChart
      summary="Time that calls took at the server and in the gateway, hour by hour over 7 days"
      times={times}
      series={series}
      format={duration}
    />
  )
}

function latencySeries(items: readonly StatsItem[]): Series[] {
  return [
    {
      label: 'At the server, p95',
      tone: 1,
      filled: true,
      values: items.map(({ upstreamMs }) => upstreamMs?.p95 ?? null),
    },
    {
      label: 'At the server, p50',
      tone: 1,
      dashed: true,
      values: items.map(({ upstreamMs }) => upstreamMs?.p50 ?? null),
    },
    { label: 'In the gateway, p95', tone: 2, values: items.map(({ gatewayMs }) => gatewayMs?.p95 ?? null) },
  ]
}

const FAILURES: readonly Outcome[] = OUTCOMES.filter((outcome) => outcome !== 'ok' && outcome !== 'cancelled')

function Errors({ slug, server, from }: SpanProps) {
  const tools = useQuery(statsQuery(slug, { server, from, by: 'tool', limit: 500 }))
  return (
    <Loaded query={tools} height="8rem">
      {({ items }) => {
        const failed = items.filter(({ errors }) => errors > 0).toSorted((a, b) => b.errors - a.errors)
        const present = FAILURES.filter((outcome) => failed.some((item) => (item.outcomes[outcome] ?? 0) > 0))
        return (
          <Table
            caption="Failed calls of the last 7 days by tool and outcome"
            rows={failed}
            keyOf={({ tool }) => tool ?? ''}
            columns={errorColumns({ slug, server, from }, present)}
            empty={<Empty title="No errors in the last 7 days" />}
          />
        )
      }}
    </Loaded>
  )
}

function errorColumns({ slug, server, from }: SpanProps, outcomes: readonly Outcome[]): Column<StatsItem>[] {
  return [
    {
      title: 'Tool',
      cell: ({ tool }) => (tool == null ? 'No tool' : <code className="tool-code">{tool}</code>),
    },
    ...outcomes.map(
      (outcome): Column<StatsItem> => ({
        title: outcomeWord(outcome),
        end: true,
        sortBy: (item) => item.outcomes[outcome] ?? 0,
        cell: (item) => {
          const calls = item.outcomes[outcome] ?? 0
          if (calls === 0) return <span className="soft">0</span>
          const search = { server, outcome, from, ...(item.tool != null && { tool: item.tool }) }
          return (
            <Link to="/w/$slug/audit" params={{ slug }} search={search}>
              {count(calls)}
            </Link>
          )
        },
      }),
    ),
    {
      title: 'Of its calls',
      end: true,
      sortBy: ({ errorRate }) => errorRate,
      cell: ({ errorRate }) => percent(errorRate),
    },
  ]
}

const SHOWN = 10

/** The log takes one outcome at a time. */
function Failures({ slug, server, from }: SpanProps) {
  const queries = useQueries({
    queries: FAILURES.map((outcome) => logQuery(slug, { server, outcome, from, kind: 'call', limit: SHOWN })),
  })
  const broken = queries.find(({ isError }) => isError) ?? queries.find(({ isPending }) => isPending)
  const [first] = queries
  const query = broken ?? first
  if (query === undefined) return null
  const rows = queries
    .flatMap(({ data }) => data?.items ?? [])
    .toSorted((a, b) => b.seq - a.seq)
    .slice(0, SHOWN)
  return (
    <Loaded query={query} height="8rem">
      {() => (
        <Table
          caption="The last failed calls"
          rows={rows}
          keyOf={({ seq }) => seq}
          columns={failureColumns(slug)}
          empty={<Empty title="No failures in the last 7 days" />}
        />
      )}
    </Loaded>
  )
}

function failureColumns(slug: string): Column<LogRow>[] {
  return [
    {
      title: 'When',
      cell: ({ seq, time }) => (
        <Link className="nowrap" to="/w/$slug/audit/$seq" params={{ slug, seq: String(seq) }}>
          <Time at={time} />
        </Link>
      ),
    },
    { title: 'Tool', cell: ({ tool }) => (tool === null ? '–' : <code className="tool-code">{tool}</code>) },
    { title: 'Outcome', cell: ({ outcome, reason }) => <OutcomeBadge outcome={outcome} reason={reason} /> },
    { title: 'Why', cell: ({ reason }) => <span className="wrap">{reason ?? '–'}</span> },
    { title: 'Who', cell: ({ member }) => <span className="wrap">{member}</span> },
    {
      title: 'Took',
      end: true,
      cell: ({ latencyMs }) => <span className="nowrap">{duration(latencyMs)}</span>,
    },
  ]
}
