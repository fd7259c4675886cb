import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { CatalogEntry } from './catalog-entry.ts'
import { readForeignEntry, withUniqueIds } from './foreign-entry.ts'

/** Gets one JSON document, with limits of its own on time and size. Rejects with GatewayError. */
export type FetchJson = (url: URL) => Promise<unknown>

export interface RegistryAnswer {
  entries: CatalogEntry[]
  /** How many servers it told of that cannot be taken: malformed, or nothing that could be reached or started. */
  leftOut: number
}

const PAGE_SIZE = 100
// The largest company catalogs known have some hundred; the whole public registry is not what a team picks from.
const MAX_SERVERS = 2_000
const MAX_PAGES = 100

const OFFICIAL = 'io.modelcontextprotocol.registry/official'

const listing = z.looseObject({
  servers: z.array(
    z.looseObject({
      server: z.unknown(),
      _meta: z
        .looseObject({
          [OFFICIAL]: z
            .looseObject({ status: z.string().optional(), isLatest: z.boolean().optional() })
            .optional(),
        })
        .nullish(),
    }),
  ),
  metadata: z.looseObject({ nextCursor: z.string().nullish() }).nullish(),
})

type Listed = z.output<typeof listing>['servers'][number]

/** Where the API of a registry is, below the address somebody gave: with or without `/v0.1`, `/servers` or "/" at its end. */
export function serversUrl(address: string): URL {
  const url = new URL(address)
  const path = url.pathname.replace(/\/+$/, '')
  if (path.endsWith('/servers')) url.pathname = path
  else if (/\/v\d[\d.]*$/.test(path)) url.pathname = `${path}/servers`
  else url.pathname = `${path}/v0.1/servers`
  return url
}

/**
 * Reads the whole list of a registry (API v0.1), page by page: the latest version of each server that is not deleted.
 * Rejects with `upstream_invalid` for what is no such list, `too_large` for one that has no end.
 */
export async function readRegistry(
  address: string,
  fetchJson: FetchJson,
  readAt: string,
): Promise<RegistryAnswer> {
  const found: Listed[] = []
  let cursor: string | undefined
  for (let pages = 0; ; pages += 1) {
    if (pages === MAX_PAGES || found.length > MAX_SERVERS) throw tooMany()
    const page = listing.safeParse(await fetchJson(pageUrl(address, cursor)))
    if (!page.success) throw notARegistry(address)
    found.push(...page.data.servers)
    const next = page.data.metadata?.nextCursor ?? undefined
    if (next === undefined || next === '' || next === cursor) break
    cursor = next
  }
  return entriesOf(found.filter(isCurrent), readAt)
}

function pageUrl(address: string, cursor: string | undefined): URL {
  const url = serversUrl(address)
  url.searchParams.set('limit', String(PAGE_SIZE))
  url.searchParams.set('version', 'latest')
  if (cursor !== undefined) url.searchParams.set('cursor', cursor)
  return url
}

function isCurrent({ _meta }: Listed): boolean {
  const { status, isLatest } = _meta?.[OFFICIAL] ?? {}
  return status !== 'deleted' && isLatest !== false
}

function entriesOf(listed: readonly Listed[], readAt: string): RegistryAnswer {
  const read = listed.map(({ server }) => readForeignEntry(server, readAt))
  const entries = read.flatMap((each) => ('entry' in each ? [each.entry] : []))
  return { entries: withUniqueIds(entries), leftOut: read.length - entries.length }
}

function notARegistry(address: string): GatewayError {
  return new GatewayError(
    'upstream_invalid',
    `What answers at ${serversUrl(address).href} is no list of servers.`,
    {
      fix: 'Give the address of a registry that has GET /v0.1/servers, as the official one does.',
    },
  )
}

function tooMany(): GatewayError {
  return new GatewayError('too_large', `The registry has more than ${MAX_SERVERS} servers.`, {
    fix: 'Use a registry with the servers your team may choose from.',
  })
}
