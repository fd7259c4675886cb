import {
  Activity,
  Building2,
  ChartLine,
  House,
  KeyRound,
  LibraryBig,
  type LucideIcon,
  Play,
  Plug,
  Radio,
  ScrollText,
  Server,
  Settings,
  Ticket,
  Users,
} from 'lucide-react'

export interface Destination {
  label: string
  icon: LucideIcon
  to: string
  /** What one must be allowed for it to be of any use. */
  needs?: string
  exact?: boolean
}

/** The pages of one workspace, in the order of a first day and of every week after. */
export const WORKSPACE_PAGES: readonly Destination[] = [
  { label: 'Overview', icon: House, to: '/w/$slug', exact: true },
  { label: 'Connect', icon: Plug, to: '/w/$slug/connect' },
  { label: 'Servers', icon: Server, to: '/w/$slug/servers', needs: 'server.read' },
  { label: 'Playground', icon: Play, to: '/w/$slug/playground', needs: 'tool.use' },
  { label: 'Live', icon: Radio, to: '/w/$slug/live', needs: 'audit.read-own' },
  { label: 'Insights', icon: ChartLine, to: '/w/$slug/insights', needs: 'audit.read-own' },
  { label: 'Audit', icon: ScrollText, to: '/w/$slug/audit', needs: 'audit.read-own' },
  { label: 'Credentials', icon: KeyRound, to: '/w/$slug/credentials', needs: 'credential.write' },
  { label: 'Tokens', icon: Ticket, to: '/w/$slug/tokens', needs: 'token.manage' },
  { label: 'Members', icon: Users, to: '/w/$slug/members', needs: 'token.manage' },
  { label: 'Settings', icon: Settings, to: '/w/$slug/settings', needs: 'workspace.update' },
]

/** For owners. */
export const INSTALLATION_PAGES: readonly Destination[] = [
  { label: 'Workspaces', icon: Building2, to: '/workspaces', needs: 'workspace.create' },
  { label: 'All members', icon: Users, to: '/members', needs: 'token.manage-owners' },
  { label: 'Catalogs', icon: LibraryBig, to: '/catalogs', needs: 'catalog.manage' },
  { label: 'System', icon: Activity, to: '/system', needs: 'system.read' },
]
