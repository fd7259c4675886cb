import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { statsQuery } from '../../api/queries.ts'
import type { StatsItem } from '../../api/shapes.ts'
import { count, percent, shortCount } from '../../format/numbers.ts'
import { Card } from '../../parts/card.tsx'
import { ChoiceLink } from '../../parts/choice-link.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import type { AuditSearch } from '../audit/search.ts'
import { gridOf } from './pairs.ts'
import type { InsightsSearch } from './search.ts'
import { useInsights } from './use-insights.ts'

const SIZE = 10

/** Names of tools and tokens are unique only within what they are of. */
interface Named {
  name: string
  of?: string
}

interface Kind {
  label: string
  by: string
  row: (item: StatsItem) => string
  rowName: (item: StatsItem) => Named
  column: (item: StatsItem) => string
  columnName: (item: StatsItem) => Named
  log: (item: StatsItem) => AuditSearch
}

const KINDS: Record<'token-tool' | 'member-server', Kind> = {
  'token-tool': {
    label: 'Tokens and tools',
    by: 'server,tool,member,token',
    row: ({ tokenId }) => tokenId ?? '',
    rowName: ({ tokenId, tokenName, member }) => ({ name: tokenName ?? tokenId ?? '', of: member ?? '' }),
    column: ({ server, tool }) => JSON.stringify([server, tool]),
    columnName: ({ server, tool }) => ({ name: tool ?? 'no tool', of: server ?? '' }),
    log: ({ server, tool, tokenId }) => ({
      token: tokenId,
      server: server ?? undefined,
      tool: tool ?? undefined,
    }),
  },
  'member-server': {
    label: 'Members and servers',
    by: 'server,member',
    row: ({ member }) => member ?? '',
    rowName: ({ member }) => ({ name: member ?? '' }),
    column: ({ server }) => server ?? '',
    columnName: ({ server }) => ({ name: server ?? 'no server' }),
    log: ({ server, member }) => ({ member, server: server ?? undefined }),
  },
}

/** Who calls what: the ten busiest by the ten busiest. */
export function PairsCard() {
  const { slug, query, search } = useInsights()
  const { pairs: current = 'token-tool' } = search
  const kind = KINDS[current]
  const stats = useQuery(statsQuery(slug, query({ by: kind.by, limit: 500 })))
  return (
    <Card title="Who calls what" actions={<KindChoice current={current} />}>
      <Loaded query={stats} height="20rem">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No calls in this time" />
          ) : (
            <PairsTable kind={kind} items={items} />
          )
        }
      </Loaded>
    </Card>
  )
}

function KindChoice({ current }: { current: keyof typeof KINDS }) {
  return (
    <div className="segments">
      {(['token-tool', 'member-server'] as const).map((pairs) => (
        <ChoiceLink
          key={pairs}
          to="/w/$slug/insights"
          from="/w/$slug/insights"
          search={(before: InsightsSearch) => ({ ...before, pairs })}
          current={pairs === current}
          resetScroll={false}
        >
          {KINDS[pairs].label}
        </ChoiceLink>
      ))}
    </div>
  )
}

function PairsTable({ kind, items }: { kind: Kind; items: readonly StatsItem[] }) {
  const { slug, logSearch } = useInsights()
  const grid = useMemo(
    () =>
      gridOf(
        items.map((item) => ({ row: kind.row(item), column: kind.column(item), calls: item.calls, item })),
        SIZE,
      ),
    [items, kind],
  )
  return (
    <div className="table-box">
      <table className="pairs">
        <caption className="aside">{kind.label}: calls of each with each</caption>
        <thead>
          <tr>
            <td />
            {grid.columns.map(({ key, item }) => (
              <th scope="col" key={key}>
                <Name {...kind.columnName(item)} />
              </th>
            ))}
            <th scope="col">All</th>
          </tr>
        </thead>
        <tbody>
          {grid.rows.map((row, index) => (
            <tr key={row.key}>
              <th scope="row">
                <Name {...kind.rowName(row.item)} />
              </th>
              {grid.columns.map(({ key }, column) => {
                const item = grid.cells[index]?.[column]
                return (
                  <td key={key}>
                    {item !== undefined && (
                      <Link
                        to="/w/$slug/audit"
                        params={{ slug }}
                        search={logSearch(kind.log(item))}
                        className="pairs-cell"
                        style={{ '--share': item.calls / grid.most } as React.CSSProperties}
                        title={`${count(item.calls)} calls, ${percent(item.errorRate)} of them failed. To the log`}
                      >
                        {shortCount(item.calls)}
                      </Link>
                    )}
                  </td>
                )
              })}
              <td className="pairs-sum">{shortCount(row.calls)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Name({ name, of }: Named) {
  return (
    <>
      {of !== undefined && <span className="soft">{of} </span>}
      {name}
    </>
  )
}
