import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  type SearchSchemaInput,
} from '@tanstack/react-router'
import type { output, ZodMiniType } from 'zod/mini'
import { BASE_PATH } from '../base-path.ts'
import { auditSearch } from '../pages/audit/search.ts'
import { insightsSearch } from '../pages/insights/search.ts'
import { SetupPage } from '../pages/setup/setup-page.tsx'
import { SignInPage } from '../pages/sign-in/sign-in-page.tsx'
import { tokensSearch } from '../pages/tokens/search.ts'
import { Frame } from './frame.tsx'
import { Home } from './home.tsx'
import { NotFound } from './not-found.tsx'
import { PageCrash } from './page-crash.tsx'
import { SignedIn } from './session.tsx'

/**
 * Reads what stands behind the `?` of an address: what the schema does not know or like is left out, so that an old
 * link still opens its page.
 */
function reads<Shape extends ZodMiniType<object>>(shape: Shape) {
  return (search: Record<string, unknown> & SearchSchemaInput): Partial<output<Shape>> => {
    const good = Object.entries(search).filter(([name, value]) => shape.safeParse({ [name]: value }).success)
    return shape.parse(Object.fromEntries(good)) as Partial<output<Shape>>
  }
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: PageCrash })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: ({ next }: Record<string, unknown>): { next?: string } =>
    typeof next === 'string' ? { next } : {},
  component: SignInPage,
})

const setup = createRoute({ getParentRoute: () => root, path: '/setup', component: SetupPage })

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: () => (
    <SignedIn>
      <Frame />
    </SignedIn>
  ),
})

const home = createRoute({ getParentRoute: () => inside, path: '/', component: Home })

/** `?tab=` of the pages that have parts. */
const tab = ({ tab: value }: Record<string, unknown>): { tab?: string } =>
  typeof value === 'string' ? { tab: value } : {}

const installation = [
  createRoute({
    getParentRoute: () => inside,
    path: '/workspaces',
    component: lazyRouteComponent(() => import('../pages/workspaces/workspaces-page.tsx'), 'WorkspacesPage'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/members',
    component: lazyRouteComponent(() => import('../pages/members/every-member-page.tsx'), 'EveryMemberPage'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/catalogs',
    component: lazyRouteComponent(() => import('../pages/catalogs/catalogs-page.tsx'), 'CatalogsPage'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/system',
    component: lazyRouteComponent(() => import('../pages/system/system-page.tsx'), 'SystemPage'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/account',
    component: lazyRouteComponent(() => import('../pages/account/account-page.tsx'), 'AccountPage'),
  }),
]

const workspace = createRoute({ getParentRoute: () => inside, path: '/w/$slug', component: Outlet })

const workspacePages = [
  createRoute({
    getParentRoute: () => workspace,
    path: '/',
    component: lazyRouteComponent(() => import('../pages/overview/overview-page.tsx'), 'OverviewPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/connect',
    validateSearch: ({ client }: Record<string, unknown>): { client?: string } =>
      typeof client === 'string' ? { client } : {},
    component: lazyRouteComponent(() => import('../pages/connect/connect-page.tsx'), 'ConnectPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/servers',
    validateSearch: ({
      add,
      entry,
    }: Record<string, unknown>): { add?: true | 'catalog'; entry?: string } => ({
      ...((add === true || add === 'catalog') && { add }),
      ...(add === 'catalog' && typeof entry === 'string' && { entry }),
    }),
    component: lazyRouteComponent(() => import('../pages/servers/servers-page.tsx'), 'ServersPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/servers/$server',
    validateSearch: tab,
    component: lazyRouteComponent(() => import('../pages/servers/server-page.tsx'), 'ServerPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/playground',
    validateSearch: ({ tool }: Record<string, unknown>): { tool?: string } =>
      typeof tool === 'string' ? { tool } : {},
    component: lazyRouteComponent(() => import('../pages/playground/playground-page.tsx'), 'PlaygroundPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/live',
    validateSearch: reads(auditSearch),
    component: lazyRouteComponent(() => import('../pages/live/live-page.tsx'), 'LivePage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/insights',
    validateSearch: reads(insightsSearch),
    component: lazyRouteComponent(() => import('../pages/insights/insights-page.tsx'), 'InsightsPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/audit',
    validateSearch: reads(auditSearch),
    component: lazyRouteComponent(() => import('../pages/audit/audit-page.tsx'), 'AuditPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/audit/$seq',
    component: lazyRouteComponent(() => import('../pages/audit/audit-row-page.tsx'), 'AuditRowPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/credentials',
    validateSearch: ({ server }: Record<string, unknown>): { server?: string } =>
      typeof server === 'string' ? { server } : {},
    component: lazyRouteComponent(
      () => import('../pages/credentials/credentials-page.tsx'),
      'CredentialsPage',
    ),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/tokens',
    validateSearch: reads(tokensSearch),
    component: lazyRouteComponent(() => import('../pages/tokens/tokens-page.tsx'), 'TokensPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/members',
    component: lazyRouteComponent(() => import('../pages/members/members-page.tsx'), 'MembersPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/settings',
    component: lazyRouteComponent(() => import('../pages/settings/settings-page.tsx'), 'SettingsPage'),
  }),
]

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    setup,
    inside.addChildren([home, ...installation, workspace.addChildren(workspacePages)]),
  ]),
  basepath: BASE_PATH === '' ? '/' : BASE_PATH,
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
