import './servers.css'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { serverQuery } from '../../api/queries.ts'
import type { Server } from '../../api/shapes.ts'
import { StatusBadge } from '../../parts/badge.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { Skeleton } from '../../parts/skeleton.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { useMay } from '../../shell/session.tsx'
import { CheckButton } from './check-button.tsx'
import { KindBadge } from './kind-badge.tsx'
import { EraBadge } from './server-card.tsx'
import { ServerChanges } from './server-changes.tsx'
import { ServerLogin } from './server-login.tsx'
import { ServerSettings } from './server-settings.tsx'
import { ServerSwitch } from './server-switch.tsx'
import { ServerTools } from './server-tools.tsx'
import { ServerTrouble } from './server-trouble.tsx'

// Charts weigh as much as the rest of the page; only this part shows any.
const ServerActivity = lazy(async () => ({ default: (await import('./server-activity.tsx')).ServerActivity }))

const TABS = [
  { value: 'tools', label: 'Tools', needs: 'server.read' },
  { value: 'changes', label: 'Changes', needs: 'server.write' },
  { value: 'activity', label: 'Activity', needs: 'audit.read-own' },
  { value: 'settings', label: 'Settings', needs: 'server.write' },
] as const
type Tab = (typeof TABS)[number]['value']

export function ServerPage() {
  const { slug, server: name } = useParams({ from: '/inside/w/$slug/servers/$server' })
  const may = useMay()
  const server = useQuery({ ...serverQuery(slug, name), refetchInterval: 15_000 })
  return (
    <Page
      title={name}
      lead={
        <Link to="/w/$slug/servers" params={{ slug }}>
          All servers
        </Link>
      }
      actions={
        server.data !== undefined && (
          <>
            {may('server.check') && <CheckButton slug={slug} server={name} />}
            {may('server.write') && (
              <span className="row">
                <span aria-hidden="true">{server.data.enabled ? 'On' : 'Off'}</span>
                <ServerSwitch slug={slug} server={server.data} />
              </span>
            )}
          </>
        )
      }
    >
      <Loaded query={server} height="24rem">
        {(loaded) => <ServerBody slug={slug} server={loaded} />}
      </Loaded>
    </Page>
  )
}

function ServerBody({ slug, server }: { slug: string; server: Server }) {
  const { tab } = useSearch({ from: '/inside/w/$slug/servers/$server' })
  const may = useMay()
  const tabs = TABS.filter(({ needs }) => may(needs))
  const current: Tab = tabs.find(({ value }) => value === tab)?.value ?? 'tools'
  return (
    <>
      <div className="row">
        <StatusBadge status={server.status} />
        <KindBadge kind={server.kind} />
        {server.era !== null && <EraBadge era={server.era} />}
        {server.url !== undefined && <code className="soft wrap">{server.url}</code>}
      </div>
      {server.enabled && <ServerTrouble slug={slug} server={server} />}
      {server.status === 'needs_login' && <ServerLogin slug={slug} server={server} />}
      <Tabs
        label="Parts of this server"
        current={current}
        tabs={tabs.map(({ value, label }) => ({
          value,
          label,
          ...(value === 'changes' && { count: server.changedTools }),
        }))}
      />
      {current === 'tools' && <ServerTools slug={slug} server={server} />}
      {current === 'changes' && <ServerChanges slug={slug} server={server} />}
      {current === 'activity' && (
        <Suspense fallback={<Skeleton height="20rem" />}>
          <ServerActivity slug={slug} server={server.name} />
        </Suspense>
      )}
      {current === 'settings' && <ServerSettings slug={slug} server={server} />}
    </>
  )
}
