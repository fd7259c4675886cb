import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { statsQuery } from '../../api/queries.ts'
import type { StatsItem } from '../../api/shapes.ts'
import { type SlowDown, slowDownOf } from './slow-down.ts'
import { useInsights } from './use-insights.ts'

export interface SlowDownState {
  slowDown: SlowDown | undefined
  nameOf: (item: StatsItem) => string
}

/** Which servers account for how long calls take, or which tools of the one that is looked at. */
export function useSlowDown(): SlowDownState {
  const { slug, query, queryBefore, search } = useInsights()
  const by = search.server === undefined ? 'server' : 'server,tool'
  const now = useQuery(statsQuery(slug, query({ by, limit: 500 }))).data
  const before = useQuery(statsQuery(slug, queryBefore({ by, limit: 500 }))).data
  const nameOf = search.server === undefined ? serverOf : toolOf
  const slowDown = useMemo(
    () =>
      now === undefined || before === undefined ? undefined : slowDownOf(now.items, before.items, nameOf),
    [now, before, nameOf],
  )
  return { slowDown, nameOf }
}

function serverOf({ server }: StatsItem): string {
  return server ?? 'no server'
}

function toolOf({ tool }: StatsItem): string {
  return tool ?? 'no tool'
}
