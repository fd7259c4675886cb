import { Bar } from '../../charts/bar.tsx'
import { Change } from '../../figures/change.tsx'
import { count, duration, percent } from '../../format/numbers.ts'
import { Skeleton } from '../../parts/skeleton.tsx'
import { Table } from '../../parts/table.tsx'
import { LogLink } from './log-link.tsx'
import { NarrowLink } from './narrow-link.tsx'
import { useInsights } from './use-insights.ts'
import { useSlowDown } from './use-slow-down.ts'

const SHOWN = 8

/** Which servers, or tools of one server, account for the time that calls take. */
export function CulpritTable() {
  const { slug, search, words, before, logSearch } = useInsights()
  const { quantile = 'p95', server: chosen } = search
  const { slowDown, nameOf } = useSlowDown()
  if (slowDown === undefined) return <Skeleton height="10rem" />
  const what = chosen === undefined ? 'Server' : 'Tool'
  const rows = slowDown.parts.filter(({ item }) => item.upstreamMs !== null).slice(0, SHOWN)
  return (
    <Table
      caption={`${what}s by how much of the time of calls they account for, ${words} and ${before.words}`}
      rows={rows}
      keyOf={({ item }) => nameOf(item)}
      columns={[
        {
          title: what,
          cell: ({ item }) => (
            <NarrowLink
              to={
                chosen === undefined ? { server: item.server ?? undefined } : { tool: item.tool ?? undefined }
              }
            >
              {nameOf(item)}
            </NarrowLink>
          ),
        },
        {
          title: slowDown.slower ? 'Share of the added time' : 'Share of the time',
          cell: ({ share }) => (
            <span className="share">
              <Bar share={share} />
              <span className="number">{percent(share)}</span>
            </span>
          ),
          sortBy: ({ share }) => share,
        },
        {
          title: `Upstream ${quantile}`,
          end: true,
          cell: ({ item }) => duration(item.upstreamMs?.[quantile] ?? 0),
          sortBy: ({ item }) => item.upstreamMs?.[quantile] ?? 0,
        },
        {
          title: 'Before',
          end: true,
          cell: ({ before: earlier }) =>
            earlier?.upstreamMs == null ? '–' : duration(earlier.upstreamMs[quantile]),
        },
        {
          title: 'Change',
          end: true,
          cell: ({ item, before: earlier }) => (
            <Change now={item.upstreamMs?.[quantile]} before={earlier?.upstreamMs?.[quantile]} worse="up" />
          ),
        },
        {
          title: 'Calls',
          end: true,
          cell: ({ item }) => count(item.calls),
          sortBy: ({ item }) => item.calls,
        },
        {
          title: 'Log',
          end: true,
          cell: ({ item }) => (
            <LogLink
              slug={slug}
              of={nameOf(item)}
              search={logSearch({
                server: item.server ?? undefined,
                ...(item.tool != null && { tool: item.tool }),
              })}
            />
          ),
        },
      ]}
    />
  )
}
