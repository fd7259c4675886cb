import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { FileDiff } from 'lucide-react'
import { serverToolsQuery } from '../../api/queries.ts'
import type { Server, StatsItem } from '../../api/shapes.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { count, duration, percent } from '../../format/numbers.ts'
import { Badge, StatusBadge } from '../../parts/badge.tsx'
import { Time } from '../../parts/time.tsx'
import { useMay } from '../../shell/session.tsx'
import { CheckButton } from './check-button.tsx'
import { KindBadge } from './kind-badge.tsx'
import { ServerSwitch } from './server-switch.tsx'
import { ServerTrouble } from './server-trouble.tsx'

interface Props {
  slug: string
  server: Server
  /** Of the last 24 hours; absent when nobody called it, or when the figures are not there. */
  usage: StatsItem | undefined
  hourly: readonly number[]
}

export function ServerCard({ slug, server, usage, hourly }: Props) {
  const may = useMay()
  const { name, kind, era, enabled, status, changedTools } = server
  return (
    <section className="card server-card" aria-label={name}>
      <div className="card-body">
        <div className="row apart">
          <h2>
            <Link to="/w/$slug/servers/$server" params={{ slug, server: name }}>
              {name}
            </Link>
          </h2>
          <div className="row">
            <StatusBadge status={status} />
            {may('server.write') && <ServerSwitch slug={slug} server={server} />}
          </div>
        </div>
        <div className="row">
          <KindBadge kind={kind} />
          {era !== null && <EraBadge era={era} />}
          {changedTools > 0 && <ChangedTools slug={slug} server={server} />}
        </div>
        {enabled && <ServerTrouble slug={slug} server={server} />}
        {enabled && status === 'failing' && may('server.check') && (
          <div>
            <CheckButton slug={slug} server={name} small />
          </div>
        )}
        <dl className="server-figures">
          <Figure label="Tools">
            <ToolCount slug={slug} server={server} />
          </Figure>
          <Figure label="Calls, 24 h">{count(usage?.calls ?? 0)}</Figure>
          <Figure label="Errors">{usage === undefined ? '–' : percent(usage.errorRate)}</Figure>
          <Figure label="p95">{usage?.latencyMs == null ? '–' : duration(usage.latencyMs.p95)}</Figure>
        </dl>
        {hourly.some((calls) => calls > 0) ? (
          <Sparkline values={hourly} />
        ) : (
          <p className="soft small">No calls in the last 24 hours</p>
        )}
        <CredentialAge server={server} />
      </div>
    </section>
  )
}

function ChangedTools({ slug, server: { name, changedTools } }: { slug: string; server: Server }) {
  const may = useMay()
  const badge = (
    <Badge tone="warn" icon={FileDiff}>
      {changedTools} changed {changedTools === 1 ? 'tool waits' : 'tools wait'}
    </Badge>
  )
  if (!may('server.write')) return badge
  return (
    <Link to="/w/$slug/servers/$server" params={{ slug, server: name }} search={{ tab: 'changes' }}>
      {badge}
    </Link>
  )
}

export function EraBadge({ era }: { era: 'modern' | 'legacy' }) {
  return (
    <Badge title={era === 'modern' ? 'MCP 2026-07-28 or later' : 'A revision of MCP with sessions'}>
      {era === 'modern' ? 'Modern MCP' : 'Legacy MCP'}
    </Badge>
  )
}

function Figure({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="number">{children}</dd>
    </div>
  )
}

/** Only where a selection leaves tools out is there more to ask than the server says itself. */
function ToolCount({ slug, server }: { slug: string; server: Server }) {
  const { name, enabled, tools, heldBack, toolRules } = server
  const may = useMay()
  const selects = toolRules.allow !== undefined || toolRules.deny !== undefined
  const all = useQuery({
    ...serverToolsQuery(slug, name),
    enabled: enabled && selects && may('server.write'),
  })
  const off = all.data?.items.filter(({ state }) => state === 'off').length ?? 0
  if (!enabled) return '–'
  return (
    <>
      {tools} on
      {off > 0 && <span className="soft">, {off} off</span>}
      {heldBack > 0 && <span className="soft">, {heldBack} held back</span>}
    </>
  )
}

function CredentialAge({ server: { credential } }: { server: Server }) {
  if (credential === undefined) return null
  if ('set' in credential)
    return <p className="soft small">{credential.set ? 'Credential set' : 'No credential'}</p>
  if (credential.updatedAt === null) return <p className="soft small">No credential</p>
  return (
    <p className="soft small">
      Credential set <Time at={credential.updatedAt} />
    </p>
  )
}
