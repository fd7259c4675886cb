import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { ChoiceLink } from '../../parts/choice-link.tsx'
import { SelectField } from '../../parts/fields.tsx'
import { useMay } from '../../shell/session.tsx'
import { CustomSpan } from './custom-span.tsx'
import { FilterChips } from './filter-chips.tsx'
import type { InsightsSearch } from './search.ts'
import { FILTER_WORD, FILTERS, type Filter, useInsights } from './use-insights.ts'
import { useOptions } from './use-options.ts'

const RANGES = [
  { range: '24h', label: '24 hours' },
  { range: '7d', label: '7 days' },
  { range: '30d', label: '30 days' },
] as const

/** What all figures of the page are of. Everything in it stands in the address. */
export function FilterBar() {
  const { search } = useInsights()
  const may = useMay()
  const shown = FILTERS.filter((filter) => filter !== 'member' || may('audit.read-all'))
  return (
    <search className="card insights-filters" aria-label="What the figures are of">
      <RangeChoice />
      <div className="filters">
        {shown.map((filter) => (
          <FilterSelect key={filter} filter={filter} value={search[filter] ?? ''} />
        ))}
      </div>
      <FilterChips />
    </search>
  )
}

function RangeChoice() {
  const { search } = useInsights()
  const custom = search.from !== undefined || search.to !== undefined
  const [open, setOpen] = useState(custom)
  return (
    <div className="row">
      <div className="segments">
        {RANGES.map(({ range, label }) => (
          <ChoiceLink
            key={range}
            to="/w/$slug/insights"
            from="/w/$slug/insights"
            search={({ from: _from, to: _to, ...rest }: InsightsSearch) => ({ ...rest, range })}
            current={!custom && (search.range ?? '7d') === range}
            resetScroll={false}
            onClick={() => setOpen(false)}
          >
            {label}
          </ChoiceLink>
        ))}
        <button type="button" aria-pressed={custom} aria-expanded={open} onClick={() => setOpen(!open)}>
          Custom
        </button>
      </div>
      {open && <CustomSpan />}
    </div>
  )
}

function FilterSelect({ filter, value }: { filter: Filter; value: string }) {
  const options = useOptions(filter)
  const navigate = useNavigate({ from: '/w/$slug/insights' })
  const known = options.some((option) => option.value === value)
  return (
    <SelectField
      label={FILTER_WORD[filter]}
      value={value}
      options={[
        { value: '', label: 'All' },
        ...(known || value === '' ? [] : [{ value, label: value }]),
        ...options,
      ]}
      onChange={(chosen) =>
        void navigate({
          search: (before) => ({ ...before, [filter]: chosen === '' ? undefined : chosen }),
          resetScroll: false,
        })
      }
    />
  )
}
