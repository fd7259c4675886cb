import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { LogOut, Moon, Sun } from 'lucide-react'
import { serversQuery, workspacesQuery } from '../api/queries.ts'
import type { Server } from '../api/shapes.ts'
import { Badge, roleWord } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { Mark } from './mark.tsx'
import { type Destination, INSTALLATION_PAGES, WORKSPACE_PAGES } from './navigation.ts'
import { useMay, useSession } from './session.tsx'
import { useTheme } from './theme.ts'
import { useSignOut } from './use-sign-out.ts'

interface Props {
  open: boolean
  slug: string | undefined
  onClose: () => void
}

export function Sidebar({ open, slug, onClose }: Props) {
  const may = useMay()
  const session = useSession()
  const shown = slug ?? session.workspace
  const forOwner = INSTALLATION_PAGES.filter(({ needs }) => needs === undefined || may(needs))
  return (
    <aside
      className={open ? 'sidebar open' : 'sidebar'}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose()
      }}
    >
      <Link to="/" className="brand">
        <Mark />
        <span>mcpgw</span>
      </Link>
      <WorkspaceChoice slug={shown} />
      <nav className="nav" aria-label="Workspace">
        {shown !== undefined && <WorkspaceLinks slug={shown} />}
        {forOwner.length > 0 && <span className="nav-title">Installation</span>}
        {forOwner.map((page) => (
          <NavLink key={page.to} page={page} />
        ))}
      </nav>
      <SidebarEnd />
    </aside>
  )
}

/** Owners go from one workspace to another; for everybody else there is only their own. */
function WorkspaceChoice({ slug }: { slug: string | undefined }) {
  const navigate = useNavigate()
  const workspaces = useQuery(workspacesQuery).data?.items ?? []
  if (workspaces.length < 2) {
    const name = workspaces[0]?.name ?? slug
    return name === undefined ? null : <span className="strong wrap who">{name}</span>
  }
  return (
    <select
      className="input"
      aria-label="Workspace"
      value={slug ?? ''}
      onChange={({ target }) => void navigate({ to: '/w/$slug', params: { slug: target.value } })}
    >
      {slug === undefined && <option value="">Workspace …</option>}
      {workspaces.map((workspace) => (
        <option key={workspace.slug} value={workspace.slug}>
          {workspace.name}
        </option>
      ))}
    </select>
  )
}

function WorkspaceLinks({ slug }: { slug: string }) {
  const may = useMay()
  const servers = useQuery({ ...serversQuery(slug), enabled: may('server.read') }).data?.items ?? []
  const trouble = servers.filter(needsAttention).length
  return WORKSPACE_PAGES.filter(({ needs }) => needs === undefined || may(needs)).map((page) => (
    <NavLink key={page.to} page={page} slug={slug} count={page.label === 'Servers' ? trouble : 0} />
  ))
}

export function needsAttention({ enabled, status, changedTools }: Server): boolean {
  return enabled && (changedTools > 0 || (status !== 'ready' && status !== 'connecting'))
}

function NavLink({ page, slug, count = 0 }: { page: Destination; slug?: string; count?: number }) {
  const { label, icon: Icon, to, exact = false } = page
  return (
    <Link
      to={to}
      {...(slug !== undefined && { params: { slug } })}
      activeOptions={{ exact, includeSearch: false }}
    >
      <Icon size={17} aria-hidden="true" />
      {label}
      {count > 0 && (
        <span className="count">
          <Badge tone="warn" title="Servers that need attention">
            {count}
            <span className="aside"> need attention</span>
          </Badge>
        </span>
      )}
    </Link>
  )
}

function SidebarEnd() {
  const { member, role } = useSession()
  const [theme, toggleTheme] = useTheme()
  const signOut = useSignOut()
  return (
    <div className="sidebar-end">
      <Link to="/account" className="who" title="Your session">
        <span className="strong truncate">{member}</span>
        <span className="soft small">{roleWord(role)}</span>
      </Link>
      <div className="row">
        <Button look="quiet" small onClick={toggleTheme}>
          {theme === 'dark' ? <Sun size={16} aria-hidden="true" /> : <Moon size={16} aria-hidden="true" />}
          {theme === 'dark' ? 'Light' : 'Dark'}
        </Button>
        <Button look="quiet" small onClick={() => void signOut()}>
          <LogOut size={16} aria-hidden="true" />
          Sign out
        </Button>
      </div>
    </div>
  )
}
