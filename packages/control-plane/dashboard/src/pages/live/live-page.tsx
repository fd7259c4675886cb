import './live.css'
import { useParams, useSearch } from '@tanstack/react-router'
import { Page } from '../../parts/page.tsx'
import { useMay } from '../../shell/session.tsx'
import { LiveFilters } from './live-filters.tsx'
import { LiveLog } from './live-log.tsx'

export function LivePage() {
  const { slug } = useParams({ from: '/inside/w/$slug/live' })
  const { server, member, outcome, kind } = useSearch({ from: '/inside/w/$slug/live' })
  const may = useMay()
  return (
    <Page
      title="Live"
      lead={
        may('audit.read-all')
          ? 'What happens in this workspace, as it happens.'
          : 'Your calls, as they happen. Those of others are for admins.'
      }
    >
      <LiveFilters />
      {/* Begins anew with other filters: what is there to be seen is not the same. */}
      <LiveLog
        key={JSON.stringify([slug, server, member, outcome, kind])}
        slug={slug}
        filter={{ server, member, outcome, kind }}
      />
    </Page>
  )
}
