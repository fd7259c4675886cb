import { z } from 'zod'
import { aboutEntry, CATEGORIES, type CatalogEntry } from '../catalog/catalog-entry.ts'
import { readForeignEntry, withUniqueIds } from '../catalog/foreign-entry.ts'
import { dayOf } from '../catalog/shelf.ts'
import { BUILT_IN, type StoredCatalog } from '../model/catalog.ts'
import { GatewayError } from '../model/error.ts'
import { SERVER_NAME_PATTERN } from '../model/server.ts'
import type { Manage } from './context.ts'
import { instant, line, noAnswer, nothing, pattern, toInstant, toInstantOrNull } from './fields.ts'
import { onInstallation } from './operation.ts'
import { requireUrl } from './upstream-target.ts'

interface OneCatalog {
  catalog: string
}

const catalogAnswer = z.strictObject({
  name: z.string(),
  title: z.string(),
  /** `given`: its entries were put here; `registry`: they are fetched. */
  kind: z.enum(['built-in', 'given', 'registry']),
  url: z.string().exactOptional(),
  isOn: z.boolean(),
  size: z.int(),
  /** Of a registry: how many of its servers could not be taken. */
  leftOut: z.int(),
  /** When its entries were given, or fetched well. */
  readAt: instant.nullable(),
  /** What was wrong when it was fetched last; what it had before is still there. */
  problem: z
    .strictObject({ at: instant, message: z.string(), fix: z.string().exactOptional() })
    .exactOptional(),
})

type CatalogAnswer = z.output<typeof catalogAnswer>

export const listCatalogs = onInstallation({
  name: 'catalog.list-sources',
  summary: 'The catalogs that servers can be added from: the built-in one, and those of this installation',
  action: 'catalog.manage',
  recorded: false,
  input: nothing,
  answer: z.strictObject({ items: z.array(catalogAnswer) }),
  async run({ manage }) {
    const own = await manage.storage.catalogs.all()
    return { items: [await describeBuiltIn(manage), ...own.map(describeCatalog)] }
  },
})

export const showCatalog = onInstallation({
  name: 'catalog.show-source',
  summary: 'One catalog of this installation, with its entries where they were given',
  action: 'catalog.manage',
  recorded: false,
  input: nothing,
  answer: catalogAnswer.extend({ entries: z.array(z.unknown()).exactOptional() }),
  async run({ manage }, where: OneCatalog) {
    const catalog = await requireCatalog(manage, where)
    if (catalog.url !== undefined) return describeCatalog(catalog)
    const entries = z
      .array(z.unknown())
      .parse(JSON.parse((await manage.storage.catalogs.entriesOf(catalog.name)) ?? '[]'))
    return { ...describeCatalog(catalog), entries }
  },
})

const title = line(100).exactOptional()

const given = z.strictObject({
  title,
  /** Each a `server.json`, or one with our own part under `_meta`. */
  entries: z.array(z.unknown()).max(2_000, 'must hold at most 2000 entries'),
})

const registry = z.strictObject({
  title,
  url: z.string().min(1, 'must not be empty').max(2048, 'must be at most 2048 characters'),
})

export const putCatalog = onInstallation({
  name: 'catalog.put-source',
  summary: 'Give a catalog of your own its entries, or the address of a registry to fetch them from',
  action: 'catalog.manage',
  recorded: true,
  input: z.union([given, registry]),
  answer: catalogAnswer,
  async run({ manage }, where: OneCatalog, input) {
    const name = requireName(where)
    const before = (await manage.storage.catalogs.all()).find((catalog) => catalog.name === name)
    const now = manage.clock.now()
    const base = {
      name,
      title: input.title ?? before?.title ?? name,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    }
    if ('url' in input) return putRegistry(manage, base, input.url, before)
    const entries = readEntries(input.entries, dayOf(now))
    const catalog = { ...base, readAt: now, leftOut: 0, size: entries.length }
    await manage.storage.catalogs.put(catalog, JSON.stringify(entries))
    return describeCatalog(catalog)
  },
})

/** It stays also when it cannot be fetched at first: the answer says why, and it is tried again. */
async function putRegistry(
  manage: Manage,
  base: Pick<StoredCatalog, 'name' | 'title' | 'createdAt' | 'updatedAt'>,
  address: string,
  before: StoredCatalog | undefined,
): Promise<CatalogAnswer> {
  const url = requireUrl(address)
  await manage.guardUrl(url)
  // What another address gave says nothing about this one.
  const known = before?.url === url ? before : { leftOut: 0, size: 0 }
  await manage.storage.catalogs.put({ ...known, ...base, url }, before?.url === url ? undefined : '[]')
  return describeCatalog(await fetched(manage, base.name))
}

export const refreshCatalog = onInstallation({
  name: 'catalog.refresh-source',
  summary: 'Fetch the entries of a registry now; it is fetched once an hour anyway',
  action: 'catalog.manage',
  recorded: true,
  input: nothing,
  answer: catalogAnswer,
  async run({ manage }, where: OneCatalog) {
    const { name } = await requireCatalog(manage, where)
    return describeCatalog(await fetched(manage, name))
  },
})

export const removeCatalog = onInstallation({
  name: 'catalog.remove-source',
  summary: 'Remove a catalog of your own; servers that were added from it stay',
  action: 'catalog.manage',
  recorded: true,
  input: nothing,
  answer: noAnswer,
  async run({ manage }, where: OneCatalog) {
    await manage.storage.catalogs.remove((await requireCatalog(manage, where)).name)
    return undefined
  },
})

const rule = z
  .strictObject({
    id: pattern.exactOptional(),
    category: z.enum(CATEGORIES).exactOptional(),
    official: z.boolean().exactOptional(),
    transport: z.enum(['remote', 'npm', 'pypi', 'oci']).exactOptional(),
    source: line(32).exactOptional(),
  })
  .refine(
    (said) => Object.keys(said).length > 0,
    'must say something: a rule without any would be for everything',
  )

const ruleList = z.array(rule).max(200, 'must hold at most 200 rules').exactOptional()

const rules = z.strictObject({
  /** Whether the catalog that comes with the product is there. */
  builtIn: z.boolean(),
  /** Absent: everything. An empty list allows nothing. */
  allow: ruleList,
  /** Wins over `allow`. */
  deny: ruleList,
})

export const showCatalogRules = onInstallation({
  name: 'catalog.show-rules',
  summary: 'What may be added from the catalogs',
  action: 'catalog.manage',
  recorded: false,
  input: nothing,
  answer: rules,
  async run({ manage }) {
    // The cast: what is stored went through the same schema, categories among it.
    return (await manage.storage.catalogs.rules()) as z.output<typeof rules>
  },
})

export const putCatalogRules = onInstallation({
  name: 'catalog.put-rules',
  summary: 'Say what may be added from the catalogs; servers that are there already stay',
  action: 'catalog.manage',
  recorded: true,
  input: rules,
  answer: rules,
  async run({ manage, deed }, _where, input) {
    deed.shownAs = `built-in ${input.builtIn ? 'on' : 'off'}, allow ${input.allow?.length ?? 'all'}, deny ${input.deny?.length ?? 0}`
    await manage.storage.catalogs.putRules(input, manage.clock.now())
    return input
  },
})

async function describeBuiltIn({ catalogs, storage }: Manage): Promise<CatalogAnswer> {
  const { builtIn } = await storage.catalogs.rules()
  const view = await catalogs.read('everything')
  const size = view.entries.filter((entry) => view.shelved(aboutEntry(entry).id)?.source === BUILT_IN).length
  return {
    name: BUILT_IN,
    title: 'Built-in',
    kind: 'built-in',
    isOn: builtIn,
    size,
    leftOut: 0,
    readAt: null,
  }
}

function describeCatalog({ name, title, url, size, leftOut, readAt, problem }: StoredCatalog): CatalogAnswer {
  return {
    name,
    title,
    kind: url === undefined ? 'given' : 'registry',
    ...(url !== undefined && { url }),
    isOn: true,
    size,
    leftOut,
    readAt: toInstantOrNull(readAt),
    ...(problem !== undefined && { problem: { ...problem, at: toInstant(problem.at) } }),
  }
}

async function fetched(manage: Manage, name: string): Promise<StoredCatalog> {
  const catalog = await manage.catalogs.refresh(name)
  if (catalog === undefined) throw noSuchCatalog()
  return catalog
}

async function requireCatalog({ storage }: Manage, { catalog: name }: OneCatalog): Promise<StoredCatalog> {
  const catalog = (await storage.catalogs.all()).find((each) => each.name === name)
  if (catalog === undefined) throw noSuchCatalog()
  return catalog
}

function requireName({ catalog }: OneCatalog): string {
  if (catalog === BUILT_IN)
    throw new GatewayError('invalid_request', 'The built-in catalog cannot be replaced.', {
      fix: 'Choose another name, or switch the built-in one off with PUT /api/v1/catalog-rules.',
    })
  if (SERVER_NAME_PATTERN.test(catalog)) return catalog
  throw new GatewayError(
    'invalid_request',
    'The name of a catalog must be 1 to 32 of a-z, 0-9 and "-", and neither begin nor end with "-".',
  )
}

/** All or none, with the first mistakes by the names of their entries. */
function readEntries(values: readonly unknown[], readAt: string): CatalogEntry[] {
  const read = values.map((value) => readForeignEntry(value, readAt))
  const mistakes = read.flatMap((each, index) =>
    'mistake' in each
      ? [`Entry ${index + 1}${each.name === '' ? '' : ` (${each.name})`}: ${each.mistake}`]
      : [],
  )
  if (mistakes.length === 0)
    return withUniqueIds(read.flatMap((each) => ('entry' in each ? [each.entry] : [])))
  const more = mistakes.length > 5 ? ` There are ${mistakes.length - 5} more.` : ''
  throw new GatewayError('invalid_request', `${mistakes.slice(0, 5).join(' ')}${more}`, {
    fix: 'Each entry is a server.json of the official schema, with our own part under _meta or without.',
  })
}

function noSuchCatalog(): GatewayError {
  return new GatewayError('not_found', 'There is no such catalog.')
}
