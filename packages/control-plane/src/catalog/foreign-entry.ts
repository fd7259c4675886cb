import type { z } from 'zod'
import { CATALOG_META, type CatalogEntry, catalogEntry } from './catalog-entry.ts'
import { notesOfServerJson } from './deployment.ts'
import { type ServerJson, serverJson } from './server-json.ts'

/** What was read of one description of a server, or why nothing was. */
export type ForeignEntry = { entry: CatalogEntry } | { name: string; mistake: string }

/**
 * Reads an entry of somebody else's catalog: one of our own form, or a plain `server.json`. `readAt` is the day of
 * that, such as 2026-01-31.
 */
export function readForeignEntry(value: unknown, readAt: string): ForeignEntry {
  if (!isObject(value)) return { name: '', mistake: 'It is not a JSON object.' }
  const name = typeof value.name === 'string' ? value.name.slice(0, 200) : ''
  const own = isObject(value._meta) && CATALOG_META in value._meta
  return own ? readOwnForm(name, value) : readPlain(name, value, readAt)
}

function readOwnForm(name: string, value: unknown): ForeignEntry {
  const read = catalogEntry.safeParse(value)
  if (!read.success) return { name, mistake: firstMistake(read.error) }
  const broken = read.data._meta[CATALOG_META].deployments.find((note) =>
    'remote' in note
      ? read.data.remotes?.[note.remote] === undefined
      : read.data.packages?.[note.package] === undefined,
  )
  if (broken === undefined) return { entry: read.data }
  return { name, mistake: 'One of its deployments names a remote or package that is not there.' }
}

function readPlain(name: string, value: unknown, readAt: string): ForeignEntry {
  const read = serverJson.safeParse(value)
  if (!read.success) return { name, mistake: firstMistake(read.error) }
  const server = read.data
  const homepage = homepageOf(server)
  const deployments = notesOfServerJson(server)
  if (deployments.length === 0)
    return { name, mistake: 'It has no remote address and no package of npm, PyPI or an image.' }
  const about = {
    id: slugOf(server.name),
    vendor: namespaceOf(server),
    isOfficial: false,
    category: 'other' as const,
    keywords: [],
    status: 'active' as const,
    links: { homepage },
    deployments,
    verified: [{ at: readAt, how: 'source' as const, note: 'As its publisher describes it.' }],
    evidence: [`server.json of ${server.name} ${server.version}`.slice(0, 300)],
  }
  const title = server.title ?? server.name.split('/').at(-1) ?? server.name
  const entry = catalogEntry.safeParse({
    ...server,
    title: title.slice(0, 100),
    _meta: { [CATALOG_META]: about },
  })
  return entry.success ? { entry: entry.data } : { name, mistake: firstMistake(entry.error) }
}

/** Namespaces are reversed domains, so somebody is there even where the description has no link. */
function homepageOf(server: ServerJson): string {
  const given = [server.websiteUrl, server.repository?.url].find((url) => url?.startsWith('https://'))
  if (given !== undefined && URL.canParse(given)) return given
  const [first = '', second = '', ...rest] = namespaceOf(server).toLowerCase().split('.')
  if (second === 'github' && rest[0] !== undefined) return `https://github.com/${rest[0]}`
  return second === '' ? 'https://modelcontextprotocol.io' : `https://${second}.${first}`
}

function namespaceOf({ name }: ServerJson): string {
  return name.split('/')[0]?.slice(0, 100) ?? name
}

/** The last part of a name as an id: `io.github.acme/Tickets_MCP` becomes `tickets-mcp`. */
export function slugOf(name: string): string {
  const clean = (name.split('/').at(-1) ?? name).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return clean.slice(0, 60).replaceAll(/^-+|-+$/g, '') || 'server'
}

/** Ids become unique by a number: the second `tickets` is `tickets-2`. */
export function withUniqueIds(entries: readonly CatalogEntry[]): CatalogEntry[] {
  const taken = new Set<string>()
  return entries.map((entry) => {
    const about = entry._meta[CATALOG_META]
    const id = freeName(about.id, (name) => taken.has(name))
    taken.add(id)
    return { ...entry, _meta: { ...entry._meta, [CATALOG_META]: { ...about, id } } }
  })
}

/** The name itself, or with the first number that makes it a new one. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name
  for (let number = 2; isTaken(free); number += 1) free = `${name}-${number}`
  return free
}

function firstMistake({ issues }: z.ZodError): string {
  const [first] = issues
  if (first === undefined) return 'It is not what it should be.'
  const place = first.path.map(String).join('.')
  return place === '' ? `${first.message}.` : `"${place}" ${first.message}.`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
