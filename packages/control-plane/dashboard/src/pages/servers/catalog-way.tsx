import './catalog.css'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { BadgeCheck, Search } from 'lucide-react'
import { type KeyboardEvent, useDeferredValue, useState } from 'react'
import { catalogQuery } from '../../api/queries.ts'
import type { CatalogItem, CatalogPage } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Empty } from '../../parts/empty.tsx'
import { SelectField, TextField } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import type { Added } from './add-server-dialog.tsx'
import { CatalogEntryForm } from './catalog-entry-form.tsx'
import {
  AUTH_CHOICES,
  authWord,
  categoryWord,
  KIND_CHOICES,
  kindWord,
  verifiedWords,
} from './catalog-words.ts'

interface Props {
  slug: string
  entry: string | undefined
  onAdded: (added: Added) => void
  onClose: () => void
}

const PAGE = 40

interface Question {
  query: string
  category: string
  auth: string
  transport: string
  official: string
}

const EVERYTHING: Question = { query: '', category: '', auth: '', transport: '', official: '' }

/** Finding a server among those that are known, and adding it. What was looked for stays while one looks at an entry. */
export function CatalogWay({ slug, entry, onAdded, onClose }: Props) {
  const [question, setQuestion] = useState(EVERYTHING)
  const [limit, setLimit] = useState(PAGE)
  if (entry !== undefined)
    return <CatalogEntryForm key={entry} slug={slug} id={entry} onAdded={onAdded} onClose={onClose} />
  const ask = (change: Partial<Question>) => {
    setLimit(PAGE)
    setQuestion({ ...question, ...change })
  }
  return (
    <CatalogList
      slug={slug}
      question={question}
      limit={limit}
      onAsk={ask}
      onForget={() => ask(EVERYTHING)}
      onMore={() => setLimit(Math.min(limit + 2 * PAGE, 500))}
    />
  )
}

interface ListProps {
  slug: string
  question: Question
  limit: number
  onAsk: (change: Partial<Question>) => void
  onForget: () => void
  onMore: () => void
}

function CatalogList({ slug, question, limit, onAsk, onForget, onMore }: ListProps) {
  const asked = useDeferredValue(question)
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value.trim() !== ''))
  const found = useQuery({ ...catalogQuery({ ...given, limit }), placeholderData: keepPreviousData })
  return (
    <search className="stack" onKeyDown={walkByArrows}>
      <div className="catalog-search">
        <Search size={17} aria-hidden="true" />
        <TextField
          label="What should your agents be able to do?"
          type="search"
          placeholder="tickets, postgres, payments …"
          value={question.query}
          onChange={(query) => onAsk({ query })}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          autoFocus
        />
      </div>
      <Filters question={question} counts={found.data?.counts} onAsk={onAsk} />
      <Loaded query={found} height="24rem">
        {({ items, total }) => (
          <>
            <p className="soft small" aria-live="polite">
              {total === 1 ? '1 server' : `${total} servers`}
            </p>
            {items.length === 0 ? (
              <Empty title="Nothing found" action={<Button onClick={onForget}>Show everything</Button>}>
                Try other words, or add the server by its URL.
              </Empty>
            ) : (
              <ul className="plain catalog-list">
                {items.map((item) => (
                  <CatalogRow key={item.id} slug={slug} item={item} />
                ))}
              </ul>
            )}
            {items.length < total && items.length < 500 && (
              <Button onClick={onMore} busy={found.isPlaceholderData}>
                Show more
              </Button>
            )}
          </>
        )}
      </Loaded>
    </search>
  )
}

/** The arrow keys go from the field to what was found, and from one to the next. */
function walkByArrows(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  if (document.activeElement instanceof HTMLSelectElement) return
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input, .catalog-row')]
  const current = stops.indexOf(document.activeElement as HTMLElement)
  const next = stops[current + (event.key === 'ArrowDown' ? 1 : -1)]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}

interface FiltersProps {
  question: Question
  counts: CatalogPage['counts'] | undefined
  onAsk: (change: Partial<Question>) => void
}

function Filters({ question, counts, onAsk }: FiltersProps) {
  const categories = Object.keys(counts?.category ?? {}).map((value) => ({
    value,
    label: categoryWord(value),
  }))
  const known = categories.some(({ value }) => value === question.category)
  if (question.category !== '' && !known)
    categories.push({ value: question.category, label: categoryWord(question.category) })
  return (
    <div className="filters catalog-filters">
      <SelectField
        label="Category"
        value={question.category}
        onChange={(category) => onAsk({ category })}
        options={withCounts(
          'All',
          categories.toSorted((a, b) => a.label.localeCompare(b.label)),
          counts?.category,
        )}
      />
      <SelectField
        label="Access"
        value={question.auth}
        onChange={(auth) => onAsk({ auth })}
        options={withCounts('Any access', AUTH_CHOICES, counts?.auth)}
      />
      <SelectField
        label="Kind"
        value={question.transport}
        onChange={(transport) => onAsk({ transport })}
        options={withCounts('Any kind', KIND_CHOICES, counts?.transport)}
      />
      <SelectField
        label="Made by"
        value={question.official}
        onChange={(official) => onAsk({ official })}
        options={withCounts(
          'Anybody',
          [
            { value: 'true', label: 'The vendor' },
            { value: 'false', label: 'The community' },
          ],
          counts?.official,
        )}
      />
    </div>
  )
}

function withCounts(
  all: string,
  choices: readonly { value: string; label: string }[],
  counts: Record<string, number> | undefined,
) {
  const counted = choices.map(({ value, label }) => ({
    value,
    label: counts === undefined ? label : `${label} (${counts[value] ?? 0})`,
  }))
  return [{ value: '', label: all }, ...counted]
}

function CatalogRow({ slug, item }: { slug: string; item: CatalogItem }) {
  const [way] = item.ways
  return (
    <li>
      <Link
        className="catalog-row"
        to="/w/$slug/servers"
        params={{ slug }}
        search={{ add: 'catalog', entry: item.id }}
        replace
        resetScroll={false}
      >
        <span className="catalog-title">
          <strong>{item.title}</strong>
          <span className="soft small">{item.vendor}</span>
        </span>
        <span className="catalog-text">{item.description}</span>
        <span className="row catalog-marks">
          <EntryBadges item={item} />
          <span className="soft small">
            {[kindWord(way?.kind), authWord(way?.auth), verifiedWords(item)]
              .filter((word) => word !== undefined)
              .join(' · ')}
          </span>
        </span>
      </Link>
    </li>
  )
}

export function EntryBadges({ item }: { item: CatalogItem }) {
  return (
    <>
      {item.isOfficial ? (
        <Badge tone="good" icon={BadgeCheck}>
          Official
        </Badge>
      ) : (
        <Badge>Community</Badge>
      )}
      {item.status !== 'active' && (
        <Badge tone="warn">{item.status === 'deprecated' ? 'Deprecated' : 'Unmaintained'}</Badge>
      )}
      {item.warning !== undefined && <Badge tone="warn">Reaches this machine</Badge>}
      {item.source !== 'built-in' && <Badge tone="info">{item.source}</Badge>}
      {item.denied === undefined ? (
        !item.isAddable && <Badge>Cannot be added here</Badge>
      ) : (
        <Badge tone="bad" title={item.denied}>
          Not allowed
        </Badge>
      )}
    </>
  )
}
