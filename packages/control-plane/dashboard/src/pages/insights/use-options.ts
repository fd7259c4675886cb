import { useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/queries.ts'
import type { StatsItem } from '../../api/shapes.ts'
import { instants } from '../../figures/spans.ts'
import { type Filter, useInsights } from './use-insights.ts'

const OPTIONS_FRESH_MS = 60_000

export interface Option {
  value: string
  label: string
}

/** What a filter can be set to: what called or was called in this time, by name. Tools are those of the chosen server. */
export function useOptions(filter: Filter): Option[] {
  const { slug, span, search } = useInsights()
  const narrowed = filter === 'tool' ? { server: search.server } : {}
  const stats = useQuery({
    ...statsQuery(slug, {
      ...instants(span),
      ...narrowed,
      by: filter === 'token' ? 'member,token' : filter,
      limit: 500,
    }),
    staleTime: OPTIONS_FRESH_MS,
    placeholderData: (old) => old,
  })
  return (stats.data?.items ?? [])
    .map((item) => optionOf(filter, item))
    .filter((option) => option !== undefined)
    .toSorted((a, b) => a.label.localeCompare(b.label))
}

function optionOf(filter: Filter, item: StatsItem): Option | undefined {
  const value = filter === 'token' ? item.tokenId : item[filter]
  if (value == null) return undefined
  return { value, label: filter === 'token' ? `${item.tokenName ?? value} (${item.member})` : value }
}
