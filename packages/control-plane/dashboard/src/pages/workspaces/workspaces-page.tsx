import '../../people/people.css'
import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { serversQuery, statsQuery, workspacesQuery } from '../../api/queries.ts'
import type { Server, Workspace } from '../../api/shapes.ts'
import { count } from '../../format/numbers.ts'
import { localDay } from '../../format/times.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { lastWeek } from '../../people/last-week.ts'
import { needsAttention } from '../../shell/sidebar.tsx'
import { CreateWorkspace } from './create-workspace.tsx'

/** Every workspace of the installation, for owners. */
export function WorkspacesPage() {
  const [creating, setCreating] = useState(false)
  const workspaces = useQuery(workspacesQuery)
  return (
    <Page
      title="Workspaces"
      lead="Each has its own servers, credentials, tokens and log, and one URL. None sees another."
      actions={
        <Button look="main" onClick={() => setCreating(true)}>
          <Plus size={16} aria-hidden="true" />
          Make a workspace
        </Button>
      }
    >
      <Card flush>
        <Loaded query={workspaces} height="16rem">
          {({ items }) => <WorkspaceTable workspaces={items} onCreate={() => setCreating(true)} />}
        </Loaded>
      </Card>
      {creating && (
        <CreateWorkspace
          taken={workspaces.data?.items.map(({ slug }) => slug) ?? []}
          onClose={() => setCreating(false)}
        />
      )}
    </Page>
  )
}

/** More would be as many questions to the control plane as there are workspaces. */
const MOST_LOOKED_INTO = 30

interface Row extends Workspace {
  servers: readonly Server[] | undefined
  calls: number | undefined
}

function WorkspaceTable({
  workspaces,
  onCreate,
}: {
  workspaces: readonly Workspace[]
  onCreate: () => void
}) {
  const rows = useRows(workspaces)
  return (
    <Table
      caption="Workspaces"
      columns={COLUMNS}
      rows={rows}
      keyOf={({ slug }) => slug}
      empty={
        <Empty
          title="No workspace yet"
          action={
            <Button look="main" onClick={onCreate}>
              Make the first one
            </Button>
          }
        >
          A workspace is what a team shares: its servers behind one URL.
        </Empty>
      }
    />
  )
}

function useRows(workspaces: readonly Workspace[]): Row[] {
  const lookedInto = workspaces.slice(0, MOST_LOOKED_INTO)
  const servers = useQueries({ queries: lookedInto.map(({ slug }) => serversQuery(slug)) })
  const stats = useQueries({ queries: lookedInto.map(({ slug }) => statsQuery(slug, lastWeek())) })
  return workspaces.map((workspace, index) => ({
    ...workspace,
    servers: servers[index]?.data?.items,
    calls: stats[index]?.data?.total.calls,
  }))
}

const COLUMNS: readonly Column<Row>[] = [
  {
    title: 'Name',
    cell: ({ slug, name }) => (
      <span>
        <Link to="/w/$slug" params={{ slug }} className="strong cell">
          {name}
        </Link>
        <span className="soft small line cell">/ws/{slug}</span>
      </span>
    ),
    sortBy: ({ name }) => name.toLowerCase(),
  },
  {
    title: 'Servers',
    cell: ({ slug, servers }) => <Servers slug={slug} servers={servers} />,
    sortBy: ({ servers }) => servers?.length ?? 0,
  },
  {
    title: 'Calls, 7 days',
    end: true,
    cell: ({ slug, calls }) =>
      calls === undefined ? (
        '–'
      ) : (
        <Link to="/w/$slug/insights" params={{ slug }}>
          {count(calls)}
          <span className="aside"> calls in {slug}</span>
        </Link>
      ),
    sortBy: ({ calls }) => calls ?? 0,
  },
  {
    title: 'Log',
    cell: ({ audit: { capture, retentionDays } }) => (
      <span className="row roles">
        {capture === 'on' && <Badge tone="info">Keeps what calls say</Badge>}
        {retentionDays !== null && <Badge>{retentionDays} days</Badge>}
        {capture === 'off' && retentionDays === null && <span className="soft">As usual</span>}
      </span>
    ),
  },
  {
    title: 'Made',
    cell: ({ createdAt }) => localDay(createdAt),
    sortBy: ({ createdAt }) => createdAt,
  },
]

function Servers({ slug, servers }: { slug: string; servers: readonly Server[] | undefined }) {
  if (servers === undefined) return '–'
  const trouble = servers.filter(needsAttention).length
  return (
    <span className="row roles">
      <Link to="/w/$slug/servers" params={{ slug }}>
        {servers.length}
        <span className="aside"> servers in {slug}</span>
      </Link>
      {trouble > 0 && <Badge tone="warn">{trouble === 1 ? '1 needs' : `${trouble} need`} attention</Badge>}
    </span>
  )
}
