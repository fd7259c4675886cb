import type { QueryClient } from '@tanstack/react-query'
import { clientsQuery, serversQuery, statsQuery, whoamiQuery, workspacesQuery } from '../../api/queries.ts'
import { HOUR_MS, instants, lastSpan, offsetEndingAt, spanBefore, WEEK_MS } from '../../figures/spans.ts'
import { DAY_MS } from '../../format/times.ts'

const MINUTE_MS = 60_000
const CALLERS = { by: 'member,client', limit: 500 }

/** The figures of the overview, each asked for once, whoever of its parts shows them. */
export function overviewQueries(slug: string, now: number) {
  const week = lastSpan(WEEK_MS, now)
  const asWeek = instants(week)
  const asWeekBefore = instants(spanBefore(week).span)
  const hourEnd = Math.ceil(now / MINUTE_MS) * MINUTE_MS
  const hour = { from: hourEnd - HOUR_MS, to: hourEnd }
  return {
    week: statsQuery(slug, { ...asWeek, ...CALLERS }),
    weekBefore: statsQuery(slug, { ...asWeekBefore, ...CALLERS }),
    // By server: these are kept by the minute.
    hour: statsQuery(slug, { ...instants(hour), by: 'server' }),
    day: statsQuery(slug, { ...instants(lastSpan(DAY_MS, now)), bucket: 'hour' }),
    servers: statsQuery(slug, { ...asWeek, by: 'server' }),
    serversBefore: statsQuery(slug, { ...asWeekBefore, by: 'server' }),
    serversByDay: statsQuery(slug, {
      ...asWeek,
      by: 'server',
      bucket: 'day',
      utcOffset: offsetEndingAt(week.to),
    }),
  }
}

/**
 * Asks for all that the overview shows as soon as it is known who asks, while the page is still being built. Nothing is
 * asked for that the role may not see: a refusal would stand in the log.
 */
export async function askAheadForOverview(client: QueryClient, slug: string): Promise<void> {
  const { actions } = await client.fetchQuery(whoamiQuery)
  if (!actions.includes('audit.read-own') || !actions.includes('server.read')) return
  for (const query of Object.values(overviewQueries(slug, Date.now()))) void client.prefetchQuery(query)
  void client.prefetchQuery(serversQuery(slug))
  void client.prefetchQuery(clientsQuery(slug))
  void client.prefetchQuery(workspacesQuery)
}
