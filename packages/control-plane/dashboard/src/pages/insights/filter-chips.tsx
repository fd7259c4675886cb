import { X } from 'lucide-react'
import { localTime } from '../../format/times.ts'
import { ChoiceLink } from '../../parts/choice-link.tsx'
import type { InsightsSearch } from './search.ts'
import { FILTER_WORD, FILTERS, type Filter, useInsights } from './use-insights.ts'
import { useOptions } from './use-options.ts'

/** What narrows the figures, each to be taken off. */
export function FilterChips() {
  const { search, span } = useInsights()
  const custom = search.from !== undefined || search.to !== undefined
  const set = FILTERS.filter((filter) => search[filter] !== undefined)
  if (!custom && set.length === 0) return null
  return (
    <ul className="plain row">
      {custom && (
        <Chip
          text={`${localTime(new Date(span.from).toISOString())} to ${localTime(new Date(span.to).toISOString())}`}
          without={['from', 'to']}
        />
      )}
      {set.map((filter) => (
        <FilterChip key={filter} filter={filter} />
      ))}
      {(custom ? 1 : 0) + set.length > 1 && (
        <li>
          <ChoiceLink to="/w/$slug/insights" from="/w/$slug/insights" search={{}} className="small">
            Take all off
          </ChoiceLink>
        </li>
      )}
    </ul>
  )
}

function FilterChip({ filter }: { filter: Filter }) {
  const { search } = useInsights()
  const options = useOptions(filter)
  const value = search[filter] ?? ''
  const label = options.find((option) => option.value === value)?.label ?? value
  return <Chip text={`${FILTER_WORD[filter]}: ${label}`} without={[filter]} />
}

function Chip({ text, without }: { text: string; without: readonly (keyof InsightsSearch)[] }) {
  return (
    <li>
      <ChoiceLink
        to="/w/$slug/insights"
        from="/w/$slug/insights"
        search={(before: InsightsSearch) =>
          Object.fromEntries(
            Object.entries(before).filter(([name]) => !without.some((removed) => removed === name)),
          )
        }
        resetScroll={false}
        className="chip"
      >
        <span className="wrap">{text}</span>
        <X size={14} aria-hidden="true" />
        <span className="aside"> take off</span>
      </ChoiceLink>
    </li>
  )
}
