import { queryOptions } from '@tanstack/react-query'
import type { ZodMiniType } from 'zod/mini'
import { ask, type Query } from './request.ts'
import * as shapes from './shapes.ts'

// One per thing that pages show. The first two parts of a key are what `useRefresh` forgets after a change:
// ['workspace', slug, …] for everything inside of a workspace, ['installation', …] for the rest.

/** How old an answer may be before a page that shows it asks again. */
const FRESH_MS = 5_000

function get<T>(key: readonly unknown[], shape: ZodMiniType<T>, path: readonly string[], query?: Query) {
  return queryOptions({
    queryKey: query === undefined ? key : [...key, query],
    queryFn: ({ signal }) => ask(shape, path, { signal, ...(query && { query }) }),
    staleTime: FRESH_MS,
  })
}

function inWorkspace<T>(
  slug: string,
  name: string,
  shape: ZodMiniType<T>,
  path: readonly string[],
  query?: Query,
) {
  return get(['workspace', slug, name, ...path], shape, ['workspaces', slug, ...path], query)
}

/** The longest page there is: lists that are short by nature come whole. */
const WHOLE = { limit: 500 }

export const whoamiQuery = queryOptions({
  ...get(['whoami'], shapes.whoamiShape, ['whoami']),
  staleTime: 60_000,
})

export const setupStateQuery = get(['setup'], shapes.setupStateShape, ['setup'])

export const workspacesQuery = get(
  ['installation', 'workspaces'],
  shapes.workspacesShape,
  ['workspaces'],
  WHOLE,
)
export const systemQuery = get(['installation', 'system'], shapes.systemShape, ['system'])
export const everyMembersQuery = get(
  ['installation', 'members'],
  shapes.everyMembersShape,
  ['members'],
  WHOLE,
)
export const ownerTokensQuery = (kind: 'token' | 'session') =>
  get(['installation', 'tokens'], shapes.tokensShape, ['tokens'], { ...WHOLE, kind })
export const installationLogQuery = (query: Query) =>
  get(['installation', 'log'], shapes.logShape, ['audit'], query)

export const workspaceQuery = (slug: string) => inWorkspace(slug, 'self', shapes.workspaceShape, [])
export const serversQuery = (slug: string) =>
  inWorkspace(slug, 'servers', shapes.serversShape, ['servers'], WHOLE)
export const serverQuery = (slug: string, server: string) =>
  inWorkspace(slug, 'server', shapes.serverShape, ['servers', server])
export const serverToolsQuery = (slug: string, server: string) =>
  inWorkspace(slug, 'server-tools', shapes.serverToolsShape, ['servers', server, 'tools'], WHOLE)
export const pinsQuery = (slug: string, server: string, state?: 'changed') =>
  inWorkspace(slug, 'pins', shapes.pinsShape, ['servers', server, 'pins'], { ...WHOLE, state })
export const toolsQuery = (slug: string) => inWorkspace(slug, 'tools', shapes.toolsShape, ['tools'], WHOLE)
export const tokensQuery = (slug: string, kind: 'token' | 'session' = 'token') =>
  inWorkspace(slug, 'tokens', shapes.tokensShape, ['tokens'], { ...WHOLE, kind })
export const invitesQuery = (slug: string) =>
  inWorkspace(slug, 'invites', shapes.invitesShape, ['invites'], WHOLE)
export const membersQuery = (slug: string) =>
  inWorkspace(slug, 'members', shapes.membersShape, ['members'], WHOLE)
export const clientsQuery = (slug: string) =>
  inWorkspace(slug, 'clients', shapes.clientsShape, ['clients'], { limit: 100 })
export const logQuery = (slug: string, query: Query) =>
  inWorkspace(slug, 'log', shapes.logShape, ['audit'], query)
export const logRowQuery = (slug: string, seq: number) =>
  inWorkspace(slug, 'log-row', shapes.logRowDetailShape, ['audit', String(seq)])

export interface StatsQuery {
  from?: string | undefined
  to?: string | undefined
  by?: string | undefined
  bucket?: 'minute' | 'hour' | 'day' | 'weekhour' | undefined
  server?: string | undefined
  tool?: string | undefined
  member?: string | undefined
  token?: string | undefined
  client?: string | undefined
  utcOffset?: number | undefined
  limit?: number | undefined
}

export const statsQuery = (slug: string, query: StatsQuery) =>
  inWorkspace(slug, 'stats', shapes.statsShape, ['stats'], { ...query })

export interface CatalogQuestion {
  query?: string | undefined
  category?: string | undefined
  auth?: string | undefined
  transport?: string | undefined
  official?: string | undefined
  limit?: number | undefined
}

/** What can be added depends on who asks: forgotten with all else when somebody signs in. */
export const catalogQuery = (question: CatalogQuestion) =>
  get(['catalog', 'search'], shapes.catalogPageShape, ['catalog'], { ...question })
export const catalogEntryQuery = (id: string) =>
  get(['catalog', 'entry', id], shapes.catalogEntryShape, ['catalog', id])
export const catalogSourcesQuery = get(['installation', 'catalogs'], shapes.catalogSourcesShape, ['catalogs'])
export const catalogRulesQuery = get(['installation', 'catalog-rules'], shapes.catalogRulesShape, [
  'catalog-rules',
])
/**
 * Starts the new version beside the old one: asked once for as long as somebody looks, and not again because something
 * else has changed.
 */
export const serverUpdateQuery = (slug: string, server: string) =>
  queryOptions({
    ...get(['server-update', slug, server], shapes.serverUpdateShape, [
      'workspaces',
      slug,
      'servers',
      server,
      'update',
    ]),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  })
