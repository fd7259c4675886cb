import { useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/queries.ts'
import { OUTCOMES, type Outcome, type StatsItem } from '../../api/shapes.ts'
import { count, duration, percent } from '../../format/numbers.ts'
import { outcomeWord } from '../../parts/badge.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { LogLink } from './log-link.tsx'
import { NarrowLink } from './narrow-link.tsx'
import { useInsights } from './use-insights.ts'

const SHOWN = 8
/** A percentile of fewer calls is a matter of luck. */
const ENOUGH_CALLS = 5

/** The tools that take longest, and those that fail most. */
export function ToolTables() {
  const { slug, query } = useInsights()
  const tools = useQuery(statsQuery(slug, query({ by: 'server,tool', limit: 500 })))
  return (
    <div className="columns wide">
      <Card title="Slowest tools" flush>
        <Loaded query={tools} height="14rem">
          {({ items }) => <Slowest items={items} />}
        </Loaded>
      </Card>
      <Card title="Most failing tools" flush>
        <Loaded query={tools} height="14rem">
          {({ items }) => <MostFailing items={items} />}
        </Loaded>
      </Card>
    </div>
  )
}

function Slowest({ items }: { items: readonly StatsItem[] }) {
  const { search } = useInsights()
  const { quantile = 'p95' } = search
  const time = ({ latencyMs }: StatsItem) => latencyMs?.[quantile] ?? 0
  const rows = items
    .filter(({ tool, calls, latencyMs }) => tool != null && calls >= ENOUGH_CALLS && latencyMs !== null)
    .toSorted((a, b) => time(b) - time(a))
    .slice(0, SHOWN)
  return (
    <Table
      caption={`The slowest tools by ${quantile}`}
      rows={rows}
      keyOf={keyOf}
      empty={<Empty title="Too few calls">A tool is listed from {ENOUGH_CALLS} calls on.</Empty>}
      columns={[
        toolColumn(),
        { title: quantile, end: true, cell: (item) => duration(time(item)), sortBy: time },
        {
          title: 'Of the gateway',
          end: true,
          cell: ({ gatewayMs }) => (gatewayMs === null ? '–' : duration(gatewayMs[quantile])),
        },
        { title: 'Calls', end: true, cell: ({ calls }) => count(calls), sortBy: ({ calls }) => calls },
        useLogColumn(),
      ]}
    />
  )
}

function MostFailing({ items }: { items: readonly StatsItem[] }) {
  const rows = items
    .filter(({ tool, errors }) => tool != null && errors > 0)
    .toSorted((a, b) => b.errors - a.errors)
    .slice(0, SHOWN)
  return (
    <Table
      caption="The tools with the most errors"
      rows={rows}
      keyOf={keyOf}
      empty={<Empty title="No tool failed" />}
      columns={[
        toolColumn(),
        { title: 'Errors', end: true, cell: ({ errors }) => count(errors), sortBy: ({ errors }) => errors },
        {
          title: 'Error rate',
          end: true,
          cell: ({ errorRate }) => percent(errorRate),
          sortBy: ({ errorRate }) => errorRate,
        },
        { title: 'Mostly', cell: (item) => <span className="small">{mostly(item)}</span> },
        useLogColumn(),
      ]}
    />
  )
}

function keyOf({ server, tool }: StatsItem): string {
  return `${server}/${tool}`
}

/** The commonest of its failures. */
function mostly({ outcomes }: StatsItem): string {
  const times = (outcome: Outcome) => outcomes[outcome] ?? 0
  const [first] = OUTCOMES.filter((outcome) => outcome !== 'ok' && outcome !== 'cancelled').toSorted(
    (a, b) => times(b) - times(a),
  )
  return first === undefined ? '' : `${outcomeWord(first)} (${count(times(first))})`
}

function toolColumn(): Column<StatsItem> {
  return {
    title: 'Tool',
    cell: ({ server, tool }) => (
      <NarrowLink to={{ server: server ?? undefined, tool: tool ?? undefined }}>
        {tool} <span className="soft small">{server}</span>
      </NarrowLink>
    ),
  }
}

function useLogColumn(): Column<StatsItem> {
  const { slug, logSearch } = useInsights()
  return {
    title: 'Log',
    end: true,
    cell: ({ server, tool }) => (
      <LogLink
        slug={slug}
        of={tool ?? ''}
        search={logSearch({ server: server ?? undefined, tool: tool ?? undefined })}
      />
    ),
  }
}
