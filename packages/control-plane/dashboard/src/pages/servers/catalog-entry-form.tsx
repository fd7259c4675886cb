import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { catalogEntryQuery } from '../../api/queries.ts'
import type { CatalogEntry } from '../../api/shapes.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { OutsideLink } from '../../parts/outside-link.tsx'
import type { Added } from './add-server-dialog.tsx'
import { EntryBadges } from './catalog-way.tsx'
import { categoryWord, verifiedWords } from './catalog-words.ts'
import { DescribedServerForm, type Offer } from './described-server-form.tsx'

interface Props {
  slug: string
  id: string
  onAdded: (added: Added) => void
  onClose: () => void
}

/** One server of the catalog: what it is, the ways to have it, and exactly the values that the chosen one needs. */
export function CatalogEntryForm({ slug, id, onAdded, onClose }: Props) {
  const entry = useQuery(catalogEntryQuery(id))
  return (
    <div className="stack">
      <Link
        className="catalog-back"
        to="/w/$slug/servers"
        params={{ slug }}
        search={{ add: 'catalog' }}
        replace
        resetScroll={false}
      >
        <ArrowLeft size={15} aria-hidden="true" /> All servers of the catalog
      </Link>
      <Loaded query={entry} height="20rem">
        {(loaded) => (
          <>
            <EntryFacts slug={slug} entry={loaded} />
            <DescribedServerForm slug={slug} offer={offerOf(loaded)} onAdded={onAdded} onClose={onClose} />
          </>
        )}
      </Loaded>
    </div>
  )
}

function EntryFacts({ slug, entry }: { slug: string; entry: CatalogEntry }) {
  const { links } = entry
  // The row that led here is gone, and the focus with it.
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <div className="stack close">
      <h3 className="catalog-name" ref={heading} tabIndex={-1}>
        {entry.title}
      </h3>
      <p>{entry.description}</p>
      <div className="row">
        <EntryBadges item={entry} />
        <span className="soft small">
          {entry.vendor} · {categoryWord(entry.category)}
        </span>
      </div>
      <p className="row small">
        <OutsideLink to={links.homepage}>Home page</OutsideLink>
        {links.docs !== undefined && links.docs !== links.homepage && (
          <OutsideLink to={links.docs}>Documentation</OutsideLink>
        )}
        {links.source !== undefined && <OutsideLink to={links.source}>Source</OutsideLink>}
        <span className="soft">{verifiedWords(entry)}</span>
      </p>
      {(entry.status !== 'active' || entry.statusNote !== undefined) && (
        <Notice
          tone={entry.status === 'active' ? 'info' : 'warn'}
          title={entry.status === 'active' ? undefined : `This server is ${entry.status}`}
        >
          {entry.statusNote}
          {entry.replacedBy !== undefined && (
            <p>
              <Link
                to="/w/$slug/servers"
                params={{ slug }}
                search={{ add: 'catalog', entry: entry.replacedBy }}
                replace
                resetScroll={false}
              >
                Look at what replaces it
              </Link>
            </p>
          )}
        </Notice>
      )}
      {entry.denied !== undefined && (
        <Notice tone="bad" title="The rules of this installation do not allow it">
          {entry.denied}
        </Notice>
      )}
    </div>
  )
}

/** Of `acme.tickets`, the part that is not its catalog is its name. */
function offerOf({ id, deployments, denied, warning }: CatalogEntry): Offer {
  const isDenied = denied !== undefined
  return { place: { catalog: id }, suggestedName: id.split('.').at(-1) ?? id, deployments, isDenied, warning }
}
