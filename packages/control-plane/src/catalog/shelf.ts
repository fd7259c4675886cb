import { BUILT_IN, type CatalogRules, type StoredCatalog } from '../model/catalog.ts'
import type { Clock } from '../model/clock.ts'
import { asGatewayError } from '../model/error.ts'
import type { CatalogStore } from '../model/stores.ts'
import { aboutEntry, CATALOG_META, type CatalogEntry, catalogEntry } from './catalog-entry.ts'
import { type Deployment, deploymentsOf } from './deployment.ts'
import type { Catalog } from './load-catalog.ts'
import { createCatalogSearch } from './search.ts'
import { type FetchJson, readRegistry } from './sub-registry.ts'

/** Why something may not be added; undefined when it may. */
type Judge = (addition: {
  id: string
  category: string
  official: boolean
  transport: Deployment['kind']
  source: string
}) => string | undefined

export interface ShelfOptions {
  loadBuiltIn(): Promise<Pick<Catalog, 'entries'>>
  store: CatalogStore
  compileRules(rules: CatalogRules): Judge
  fetchJson: FetchJson
  clock: Clock
}

/** What an entry is on the shelf, beside what it says itself. */
export interface Shelved {
  entry: CatalogEntry
  /** The name of its catalog, or `built-in`. */
  source: string
  /** Its catalog is fetched from elsewhere: nobody here has read its entries. */
  isFetched: boolean
  /** Why it cannot be added: no deployment of it may. */
  denied?: string
  /** In order of preference; what may not be added has an obstacle that says so. */
  deployments: readonly Deployment[]
}

/** All catalogs as one. */
export interface ShelfView extends Catalog {
  /** By the id that it has here. */
  shelved(id: string): Shelved | undefined
}

export interface CatalogShelf {
  /**
   * `allowed`: what the rules of the installation let anybody add, of each entry the deployments they let.
   * `everything`: all there is, for those who make the rules.
   */
  read(what: 'allowed' | 'everything'): Promise<ShelfView>
  /** Fetches a catalog anew. What went wrong is kept with it, beside what it had before. Throws `not_found`. */
  refresh(name: string): Promise<StoredCatalog | undefined>
}

// A registry may be asked once an hour (its own rules of use).
const FETCH_EVERY_MS = 3_600_000

/** The built-in catalog and the installation's own, under its rules. What is stored is looked at each time. */
export function createCatalogShelf(options: ShelfOptions): CatalogShelf {
  const { store, clock } = options
  const refreshing = new Map<string, Promise<StoredCatalog | undefined>>()
  let known: { state: string; views: Promise<Record<'allowed' | 'everything', ShelfView>> } | undefined

  async function views() {
    const [catalogs, rules] = await Promise.all([store.all(), store.rules()])
    for (const catalog of catalogs)
      if (isDue(catalog, clock.now())) void refresh(catalog.name).catch(() => {})
    const state = JSON.stringify([rules, catalogs.map(({ name, updatedAt }) => [name, updatedAt])])
    if (known?.state === state) return known.views
    const made = makeViews(options, catalogs, rules)
    known = { state, views: made }
    made.catch(() => {
      if (known?.views === made) known = undefined
    })
    return made
  }

  function refresh(name: string): Promise<StoredCatalog | undefined> {
    const running = refreshing.get(name)
    if (running !== undefined) return running
    const run = fetchAnew(options, name).finally(() => refreshing.delete(name))
    refreshing.set(name, run)
    return run
  }

  return { read: async (what) => (await views())[what], refresh }
}

function isDue({ url, readAt = 0, problem }: StoredCatalog, now: number): boolean {
  return url !== undefined && now - Math.max(readAt, problem?.at ?? 0) >= FETCH_EVERY_MS
}

async function fetchAnew(
  { store, fetchJson, clock }: ShelfOptions,
  name: string,
): Promise<StoredCatalog | undefined> {
  const before = (await store.all()).find((catalog) => catalog.name === name)
  if (before?.url === undefined) return before
  const { problem: _, ...rest } = before
  try {
    const { entries, leftOut } = await readRegistry(before.url, fetchJson, dayOf(clock.now()))
    const at = clock.now()
    const after = { ...rest, leftOut, size: entries.length, readAt: at, updatedAt: at }
    await store.put(after, JSON.stringify(entries))
    return after
  } catch (error) {
    const { message, fix } = asGatewayError(error)
    const at = clock.now()
    const after = { ...before, problem: { at, message, ...(fix !== undefined && { fix }) } }
    await store.put(after)
    return after
  }
}

/** A day as entries write it. */
export function dayOf(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10)
}

interface Source {
  name: string
  isFetched: boolean
  entries: readonly CatalogEntry[]
}

async function makeViews(options: ShelfOptions, catalogs: readonly StoredCatalog[], rules: CatalogRules) {
  const judge = options.compileRules(rules)
  // Switched off, it is not even read.
  const builtIn: Source[] = rules.builtIn
    ? [{ name: BUILT_IN, isFetched: false, entries: (await options.loadBuiltIn()).entries }]
    : []
  const own = await Promise.all(catalogs.map((catalog) => readOwn(options.store, catalog)))
  const all = [...builtIn, ...own].flatMap((source) =>
    source.entries.map((entry) => shelve(entry, source, judge)),
  )
  return {
    everything: await viewOf(all.map(({ everything }) => everything)),
    allowed: await viewOf(all.flatMap(({ allowed }) => allowed ?? [])),
  }
}

async function readOwn(store: CatalogStore, { name, url }: StoredCatalog): Promise<Source> {
  const entries = JSON.parse((await store.entriesOf(name)) ?? '[]') as unknown[]
  const good = entries.flatMap((entry) => catalogEntry.safeParse(entry).data ?? [])
  return { name, isFetched: url !== undefined, entries: good.map((entry) => withPrefix(entry, name)) }
}

/** No id of the built-in catalog has a ".", so no catalog can put itself in front of another's entry. */
function withPrefix(entry: CatalogEntry, name: string): CatalogEntry {
  const about = aboutEntry(entry)
  const replacedBy = about.replacedBy === undefined ? {} : { replacedBy: `${name}.${about.replacedBy}` }
  return {
    ...entry,
    _meta: { ...entry._meta, [CATALOG_META]: { ...about, ...replacedBy, id: `${name}.${about.id}` } },
  }
}

/** The entry for those who make the rules, and for all others; undefined for these when the rules let nothing of it in. */
function shelve(entry: CatalogEntry, { name: source, isFetched }: Source, judge: Judge) {
  const { id, category, isOfficial: official } = aboutEntry(entry)
  const ways = deploymentsOf(entry).map((deployment) => ({
    deployment,
    denied: judge({ id, category, official, transport: deployment.kind, source }),
  }))
  const shelved = { entry, source, isFetched }
  const allowed = ways.filter(({ denied }) => denied === undefined)
  const denied = allowed.length > 0 ? undefined : ways[0]?.denied
  const everything: Shelved = {
    ...shelved,
    ...(denied !== undefined && { denied }),
    deployments: ways.map((way) =>
      way.denied === undefined ? way.deployment : withObstacle(way.deployment, way.denied),
    ),
  }
  if (allowed.length === 0) return { everything, allowed: undefined }
  const kept = { ...shelved, deployments: allowed.map(({ deployment }) => deployment) }
  return {
    everything,
    allowed: { ...kept, entry: keepNotes(entry, (index) => ways[index]?.denied === undefined) },
  }
}

function withObstacle(deployment: Deployment, denied: string): Deployment {
  return { ...deployment, obstacle: `It may not be added here. ${denied}` }
}

/** Whoever cannot add a deployment has no use for it, nor has the search. */
function keepNotes(entry: CatalogEntry, isKept: (index: number) => boolean): CatalogEntry {
  const about = aboutEntry(entry)
  const deployments = about.deployments.filter((_, index) => isKept(index))
  return { ...entry, _meta: { ...entry._meta, [CATALOG_META]: { ...about, deployments } } }
}

async function viewOf(all: readonly Shelved[]): Promise<ShelfView> {
  const byId = new Map(all.map((shelved) => [aboutEntry(shelved.entry).id, shelved]))
  const entries = all.map(({ entry }) => entry)
  return {
    entries,
    byId: (id) => byId.get(id)?.entry,
    shelved: (id) => byId.get(id),
    ...(await createCatalogSearch(entries)),
  }
}
