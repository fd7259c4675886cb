import type { Role } from '../../src/model/role.ts'

/** A page of the dashboard, as the tests visit all of them. */
export interface DashboardPage {
  name: string
  /** In a workspace: below `/w/SLUG`. */
  path: string
  /** The link to it in the menu, where it has one. */
  link?: string
  /** Who finds the link in the menu. */
  roles: readonly Role[]
}

const EVERYBODY: readonly Role[] = ['owner', 'admin', 'developer', 'readonly']
const FROM_DEVELOPER: readonly Role[] = ['owner', 'admin', 'developer']
const FROM_ADMIN: readonly Role[] = ['owner', 'admin']
const OWNER: readonly Role[] = ['owner']

/** The pages of a workspace that has a server of this name and a row of this number in its log. */
export function workspacePages(slug: string, server: string, seq: number): DashboardPage[] {
  const below = (path: string) => `/w/${slug}${path}`
  return [
    { name: 'overview', path: below(''), link: 'Overview', roles: EVERYBODY },
    { name: 'connect', path: below('/connect'), link: 'Connect', roles: EVERYBODY },
    { name: 'servers', path: below('/servers'), link: 'Servers', roles: FROM_DEVELOPER },
    { name: 'server', path: below(`/servers/${server}`), roles: FROM_DEVELOPER },
    { name: 'playground', path: below('/playground'), link: 'Playground', roles: EVERYBODY },
    { name: 'live', path: below('/live'), link: 'Live', roles: FROM_DEVELOPER },
    { name: 'insights', path: below('/insights'), link: 'Insights', roles: FROM_DEVELOPER },
    { name: 'audit', path: below('/audit'), link: 'Audit', roles: FROM_DEVELOPER },
    { name: 'audit-row', path: below(`/audit/${seq}`), roles: FROM_DEVELOPER },
    { name: 'credentials', path: below('/credentials'), link: 'Credentials', roles: FROM_ADMIN },
    { name: 'tokens', path: below('/tokens'), link: 'Tokens', roles: FROM_ADMIN },
    { name: 'members', path: below('/members'), link: 'Members', roles: FROM_ADMIN },
    { name: 'settings', path: below('/settings'), link: 'Settings', roles: FROM_ADMIN },
  ]
}

/** The pages of the whole installation. */
export const INSTALLATION_PAGES: readonly DashboardPage[] = [
  { name: 'workspaces', path: '/workspaces', link: 'Workspaces', roles: OWNER },
  { name: 'every-member', path: '/members', link: 'All members', roles: OWNER },
  { name: 'catalogs', path: '/catalogs', link: 'Catalogs', roles: OWNER },
  { name: 'system', path: '/system', link: 'System', roles: OWNER },
  { name: 'account', path: '/account', roles: EVERYBODY },
]

/** What anybody sees who is not signed in. */
export const OUTSIDE_PAGES: readonly DashboardPage[] = [
  { name: 'sign-in', path: '/sign-in', roles: EVERYBODY },
  { name: 'setup', path: '/setup', roles: EVERYBODY },
]
