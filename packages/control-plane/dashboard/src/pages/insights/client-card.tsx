import { useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/queries.ts'
import { Bar } from '../../charts/bar.tsx'
import { count, duration, percent } from '../../format/numbers.ts'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Table } from '../../parts/table.tsx'
import { LogLink } from './log-link.tsx'
import { NarrowLink } from './narrow-link.tsx'
import { useInsights } from './use-insights.ts'

const SHOWN = 12

/** With which clients calls come, as those name themselves. */
export function ClientCard() {
  const { slug, query, logSearch } = useInsights()
  const stats = useQuery(statsQuery(slug, query({ by: 'client', limit: 100 })))
  return (
    <Card title="Clients" flush>
      <Loaded query={stats} height="14rem">
        {({ items, total }) => (
          <Table
            caption="Calls by client"
            rows={items.slice(0, SHOWN)}
            keyOf={({ client }) => client ?? ''}
            empty={<Empty title="No calls in this time" />}
            columns={[
              {
                title: 'Client',
                cell: ({ client }) =>
                  client == null ? (
                    <span className="soft">gave no name</span>
                  ) : (
                    <NarrowLink to={{ client }}>{client}</NarrowLink>
                  ),
                sortBy: ({ client }) => client ?? '',
              },
              {
                title: 'Calls',
                cell: ({ calls }) => (
                  <span className="share">
                    <Bar share={calls / (items[0]?.calls ?? 1)} />
                    <span className="number">
                      {count(calls)} <span className="soft small">{percent(calls / total.calls)}</span>
                    </span>
                  </span>
                ),
                sortBy: ({ calls }) => calls,
              },
              {
                title: 'Error rate',
                end: true,
                cell: ({ errorRate }) => percent(errorRate),
                sortBy: ({ errorRate }) => errorRate,
              },
              {
                title: 'p95',
                end: true,
                cell: ({ latencyMs }) => (latencyMs === null ? '–' : duration(latencyMs.p95)),
                sortBy: ({ latencyMs }) => latencyMs?.p95 ?? 0,
              },
              {
                title: 'Log',
                end: true,
                cell: ({ client }) =>
                  client != null && <LogLink slug={slug} of={client} search={logSearch({ client })} />,
              },
            ]}
          />
        )}
      </Loaded>
    </Card>
  )
}
