import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Skeleton } from '../../parts/skeleton.tsx'
import { LiveRow } from './live-row.tsx'
import { LiveState } from './live-state.tsx'
import type { LiveFilter } from './matches.ts'
import { Murmur } from './murmur.tsx'
import { useTail } from './use-tail.ts'

/** The tail of the log. It holds still while somebody reads: by the button, under the mouse, or with the focus inside. */
export function LiveLog({ slug, filter }: { slug: string; filter: LiveFilter }) {
  const [stopped, setStopped] = useState(false)
  const [hovered, setHovered] = useState(false)
  const [focused, setFocused] = useState(false)
  const paused = stopped || hovered || focused
  const router = useRouter()
  const log = router.buildLocation({ to: '/w/$slug/audit', params: { slug } }).publicHref
  const { rows, waitingCount, state, isReading, error } = useTail(slug, filter, paused)
  return (
    <Card flush>
      <LiveState
        state={state}
        paused={paused}
        stopped={stopped}
        waiting={waitingCount}
        onStop={() => setStopped(!stopped)}
      />
      <Murmur rows={rows} />
      {error !== undefined && <ErrorNotice error={error} />}
      {isReading ? (
        <Skeleton height="20rem" />
      ) : rows.length === 0 ? (
        <NothingYet slug={slug} filter={filter} />
      ) : (
        // biome-ignore lint/a11y/useKeyWithClickEvents: it hears the clicks of the links in it, and Enter on a link is one.
        <ol
          className="plain live"
          aria-label="The log, newest first"
          onPointerEnter={({ pointerType }) => setHovered(pointerType === 'mouse')}
          onPointerLeave={() => setHovered(false)}
          onClick={(event) => {
            const link = (event.target as Element).closest('a')
            if (link === null || isForBrowser(event)) return
            event.preventDefault()
            void router.navigate({ href: link.getAttribute('href') ?? '' })
          }}
          onFocus={() => setFocused(true)}
          onBlur={({ currentTarget, relatedTarget }) => setFocused(currentTarget.contains(relatedTarget))}
        >
          {rows.map((row) => (
            <LiveRow key={row.seq} href={`${log}/${row.seq}`} row={row} />
          ))}
        </ol>
      )}
    </Card>
  )
}

/** Opened in another tab or window. */
function isForBrowser({ ctrlKey, metaKey, shiftKey, altKey }: React.MouseEvent): boolean {
  return ctrlKey || metaKey || shiftKey || altKey
}

function NothingYet({ slug, filter }: { slug: string; filter: LiveFilter }) {
  if (Object.values(filter).some((value) => value !== undefined)) {
    return <Empty title="Nothing like that yet">It appears here as soon as it happens.</Empty>
  }
  return (
    <Empty
      title="Nothing yet"
      action={
        <ButtonLink to="/w/$slug/connect" params={{ slug }}>
          Connect a client
        </ButtonLink>
      }
    >
      The first call appears here as soon as a client makes it.
    </Empty>
  )
}
