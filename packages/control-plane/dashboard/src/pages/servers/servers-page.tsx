import './servers.css'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { serversQuery, statsQuery } from '../../api/queries.ts'
import type { Server } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { useMay } from '../../shell/session.tsx'
import { needsAttention } from '../../shell/sidebar.tsx'
import { AddServerDialog } from './add-server-dialog.tsx'
import { ServerCard } from './server-card.tsx'
import { hourlyCalls } from './server-usage.ts'

/** Asked for again meanwhile: a server that fails does not wait for somebody to look. */
const EVERY_MS = 15_000

/** The figures begin with a full hour, and so with a part of one hour too many. */
const HOURS = 24

export function ServersPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/servers' })
  const { add, entry } = useSearch({ from: '/inside/w/$slug/servers' })
  const navigate = useNavigate()
  const may = useMay()
  const servers = useQuery({ ...serversQuery(slug), refetchInterval: EVERY_MS })
  const setAdding = (adding: boolean) =>
    void navigate({ to: '.', search: adding ? { add: 'catalog' } : {}, replace: true, resetScroll: false })
  const addButton = may('server.write') ? (
    <Button look="main" onClick={() => setAdding(true)}>
      <Plus size={17} aria-hidden="true" />
      Add a server
    </Button>
  ) : undefined
  return (
    <Page title="Servers" lead="What this workspace can reach, and how it is doing." actions={addButton}>
      <Loaded query={servers} height="20rem">
        {({ items }) =>
          items.length === 0 ? <NoServers action={addButton} /> : <ServerCards slug={slug} servers={items} />
        }
      </Loaded>
      {add !== undefined && may('server.write') && (
        <AddServerDialog slug={slug} entry={entry} onClose={() => setAdding(false)} />
      )}
    </Page>
  )
}

function NoServers({ action }: { action: React.ReactNode }) {
  return (
    <Card>
      <Empty title="No servers yet" action={action}>
        {action === undefined
          ? 'An admin of this workspace adds them. Their tools then appear in your client by themselves.'
          : 'Add one, and its tools appear in every client that is connected to this workspace.'}
      </Empty>
    </Card>
  )
}

function ServerCards({ slug, servers }: { slug: string; servers: readonly Server[] }) {
  const may = useMay()
  const enabled = may('audit.read-own')
  const usage = useQuery({ ...statsQuery(slug, { by: 'server', limit: 500 }), enabled })
  const hourly = useQuery({ ...statsQuery(slug, { by: 'server', bucket: 'hour' }), enabled })
  // Whoever sees only their own calls sees figures of those.
  const own = enabled && !may('audit.read-all')
  return (
    <>
      {own && <p className="soft small">Calls, errors and times are those of your own calls.</p>}
      {usage.isError && <ErrorNotice error={usage.error} retry={() => void usage.refetch()} />}
      <div className="server-cards">
        {troubleFirst(servers).map((server) => (
          <ServerCard
            key={server.name}
            slug={slug}
            server={server}
            usage={usage.data?.items.find((item) => item.server === server.name)}
            hourly={hourly.data === undefined ? [] : hourlyCalls(hourly.data, server.name).slice(-HOURS)}
          />
        ))}
      </div>
    </>
  )
}

/** What needs somebody stands where they look first; what is off comes last. */
function troubleFirst(servers: readonly Server[]): Server[] {
  const rank = (server: Server) => (needsAttention(server) ? 0 : server.enabled ? 1 : 2)
  return servers.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
}
