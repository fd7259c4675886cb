import { Bar } from '../../charts/bar.tsx'
import { instants } from '../../figures/spans.ts'
import { count, duration, percent } from '../../format/numbers.ts'
import { Empty } from '../../parts/empty.tsx'
import { Table } from '../../parts/table.tsx'
import type { Caller } from './callers.ts'
import { LogLink } from './log-link.tsx'
import { NarrowLink } from './narrow-link.tsx'
import { useInsights } from './use-insights.ts'

const SHOWN = 12

/** Who calls, busiest first. */
export function CallerTable({ callers, several }: { callers: readonly Caller[]; several: boolean }) {
  const { slug, logSearch } = useInsights()
  const total = callers.reduce((sum, { calls }) => sum + calls, 0)
  const most = callers[0]?.calls ?? 1
  const rest = callers.length - SHOWN
  return (
    <>
      <Table
        caption="Who calls, by member, token and client"
        rows={callers.slice(0, SHOWN)}
        keyOf={({ member, tokenId, client }) => `${member}/${tokenId}/${client}`}
        empty={<Empty title="Nobody called then" />}
        columns={[
          {
            title: 'Member',
            cell: ({ member }) => <NarrowLink to={{ member }}>{member}</NarrowLink>,
            sortBy: ({ member }) => member,
          },
          {
            title: 'Token',
            cell: ({ tokenId, tokenName }) => (
              <NarrowLink to={{ token: tokenId }}>{tokenName ?? tokenId}</NarrowLink>
            ),
          },
          {
            title: 'Client',
            cell: ({ client }) =>
              client === null ? (
                <span className="soft">gave no name</span>
              ) : (
                <NarrowLink to={{ client }}>{client}</NarrowLink>
              ),
          },
          {
            title: 'Calls',
            cell: ({ calls }) => (
              <span className="share">
                <Bar share={calls / most} />
                <span className="number">
                  {count(calls)} <span className="soft small">{percent(calls / total)}</span>
                </span>
              </span>
            ),
            sortBy: ({ calls }) => calls,
          },
          {
            title: 'Error rate',
            end: true,
            cell: ({ errors, calls }) => percent(errors / calls),
            sortBy: ({ errors, calls }) => errors / calls,
          },
          {
            title: several ? 'Highest p95' : 'p95',
            end: true,
            cell: ({ p95 }) => (p95 === null ? '–' : duration(p95)),
            sortBy: ({ p95 }) => p95 ?? 0,
          },
          {
            title: 'Log',
            end: true,
            cell: ({ member, tokenId, client, last }) => (
              <LogLink
                slug={slug}
                of={member}
                search={logSearch({
                  ...instants(last),
                  member,
                  token: tokenId,
                  ...(client !== null && { client }),
                })}
              />
            ),
          },
        ]}
      />
      {rest > 0 && <p className="soft small">and {count(rest)} more with fewer calls</p>}
    </>
  )
}
