import { useQuery } from '@tanstack/react-query'
import { clientsQuery } from '../../api/queries.ts'
import type { Figures, SeenClient, Stats, StatsItem } from '../../api/shapes.ts'
import { Change } from '../../figures/change.tsx'
import { HOUR_MS } from '../../figures/spans.ts'
import { count, duration, percent } from '../../format/numbers.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { FigureStat } from './figure-stat.tsx'
import { overviewQueries } from './overview-queries.ts'

const ASK_AGAIN_MS = 15_000

/** This week in four figures, beside the week before and the last hour. */
export function WeekFigures({ slug }: { slug: string }) {
  const asked = overviewQueries(slug, Date.now())
  const now = useQuery({ ...asked.week, refetchInterval: ASK_AGAIN_MS })
  const before = useQuery(asked.weekBefore).data
  const lastHour = useQuery({
    ...asked.hour,
    placeholderData: (old) => old,
    refetchInterval: ASK_AGAIN_MS,
  }).data
  const clients = useQuery(clientsQuery(slug)).data?.items ?? []
  return (
    <Loaded query={now} height="7.5rem">
      {({ total, items }) => (
        <div className="columns narrow">
          <CallsStat now={total} before={before?.total} hour={lastHour} />
          <ErrorStat now={total} before={before?.total} hour={lastHour} />
          <LatencyStat now={total} before={before?.total} hour={lastHour} />
          <ActiveStat now={items} before={before?.items} clients={clients} since={Date.now() - HOUR_MS} />
        </div>
      )}
    </Loaded>
  )
}

interface StatProps {
  now: Figures
  before: Figures | undefined
  hour: Stats | undefined
}

function CallsStat({ now, before, hour }: StatProps) {
  return (
    <FigureStat
      label="Calls this week"
      value={count(now.calls)}
      detail={`${count(now.calls / 7)} a day`}
      before={before && count(before.calls)}
      change={before !== undefined && before.calls > 0 && <Change now={now.calls} before={before.calls} />}
      hour={hour && count(hour.total.calls)}
      since={hour?.from}
    />
  )
}

function ErrorStat({ now, before, hour }: StatProps) {
  return (
    <FigureStat
      label="Error rate"
      value={percent(now.errorRate)}
      detail={now.errors === 1 ? '1 call' : `${count(now.errors)} calls`}
      before={before && percent(before.errorRate)}
      change={
        before !== undefined &&
        before.calls > 0 && <Change now={now.errorRate} before={before.errorRate} as="points" worse="up" />
      }
      hour={hour && percent(hour.total.errorRate)}
      since={hour?.from}
    />
  )
}

function LatencyStat({ now, before, hour }: StatProps) {
  return (
    <FigureStat
      label="Latency, p95"
      value={latency(now, 'p95')}
      detail={`p50 ${latency(now, 'p50')}`}
      before={before && latency(before, 'p95')}
      change={
        before !== undefined &&
        before.calls > 0 && <Change now={now.latencyMs?.p95} before={before.latencyMs?.p95} worse="up" />
      }
      hour={hour && latency(hour.total, 'p95')}
      since={hour?.from}
    />
  )
}

function latency({ latencyMs }: Figures, quantile: 'p50' | 'p95'): string {
  return latencyMs === null ? '–' : duration(latencyMs[quantile])
}

interface ActiveProps {
  now: readonly StatsItem[]
  before: readonly StatsItem[] | undefined
  clients: readonly SeenClient[]
  since: number
}

function ActiveStat({ now, before, clients, since }: ActiveProps) {
  const week = activeIn(now)
  const lately = activeIn(clients.filter(({ lastSeenAt }) => Date.parse(lastSeenAt) >= since))
  const earlier = before && activeIn(before)
  return (
    <FigureStat
      label="Active clients"
      value={count(week.clients)}
      detail={week.members === 1 ? '1 member' : `${week.members} members`}
      before={earlier && count(earlier.clients)}
      change={
        earlier !== undefined && earlier.clients > 0 && <Change now={week.clients} before={earlier.clients} />
      }
      hour={count(lately.clients)}
    />
  )
}

interface Seen {
  client?: string | null | undefined
  member?: string | undefined
}

function activeIn(seen: readonly Seen[]): { clients: number; members: number } {
  const clients = new Set(seen.map(({ client }) => client).filter((client) => client != null))
  const members = new Set(seen.map(({ member }) => member))
  return { clients: clients.size, members: members.size }
}
