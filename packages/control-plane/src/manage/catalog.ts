import { z } from 'zod'
import { may } from '../access/permissions.ts'
import { AUTH_KINDS, aboutEntry, CATEGORIES, catalogMeta } from '../catalog/catalog-entry.ts'
import type { ShelfView, Shelved } from '../catalog/shelf.ts'
import { GatewayError } from '../model/error.ts'
import { DEPLOYMENT_KINDS, deploymentAnswer, describeDeployment } from './deployment-answer.ts'
import { nothing } from './fields.ts'
import { forCaller, type Scene } from './operation.ts'
import { pageByPosition, pageQuery } from './paging.ts'

const catalogQuery = z.strictObject({
  query: z.string().max(200, 'must be at most 200 characters').exactOptional(),
  category: z.enum(CATEGORIES).exactOptional(),
  auth: z.enum(AUTH_KINDS).exactOptional(),
  transport: z.enum(DEPLOYMENT_KINDS).exactOptional(),
  official: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .exactOptional(),
  ...pageQuery(50).shape,
})

const { vendor, isOfficial, isFeatured, category, status, statusNote, warning, links, verified } =
  catalogMeta.shape

const catalogItem = z.strictObject({
  /** Of a catalog of one's own with its name in front, as in `acme.tickets`. */
  id: z.string(),
  title: z.string(),
  description: z.string(),
  vendor,
  isOfficial,
  isFeatured: isFeatured.unwrap(),
  category,
  status,
  statusNote,
  replacedBy: z.string().exactOptional(),
  warning,
  links,
  verified,
  /** The name of its catalog, or `built-in`. */
  source: z.string(),
  /** To those who make the rules: why these let nobody add it. */
  denied: z.string().exactOptional(),
  /** Whether there is a way to add it here. */
  isAddable: z.boolean(),
  /** The ways to have it, in order of preference. */
  ways: z.array(z.strictObject({ kind: z.enum(DEPLOYMENT_KINDS), auth: z.enum(AUTH_KINDS) })),
})

const counts = z.record(z.string(), z.int())

const catalogPage = z.strictObject({
  items: z.array(catalogItem),
  nextCursor: z.string().exactOptional(),
  total: z.int(),
  /** How many there would be with another choice for that one filter. */
  counts: z.strictObject({ category: counts, auth: counts, transport: counts, official: counts }),
})

const catalogEntryAnswer = z.strictObject({
  ...catalogItem.shape,
  keywords: catalogMeta.shape.keywords,
  evidence: catalogMeta.shape.evidence,
  version: z.string(),
  deployments: z.array(deploymentAnswer),
})

export const searchCatalog = forCaller({
  name: 'catalog.search',
  summary: 'The servers that can be added: all of them, or those that a search finds',
  // Who sees the servers of a workspace may see which others there could be.
  action: 'server.read',
  recorded: false,
  input: catalogQuery,
  answer: catalogPage,
  async run(scene, _where, { cursor, limit, ...question }) {
    const catalog = await catalogFor(scene)
    const { entries, counts } = catalog.find(question)
    const page = pageByPosition(entries, { limit, ...(cursor !== undefined && { cursor }) })
    return {
      ...page,
      items: page.items.map((entry) => describeItem(requireShelved(catalog, aboutEntry(entry).id))),
      total: entries.length,
      counts,
    }
  },
})

export const showCatalogEntry = forCaller({
  name: 'catalog.show',
  summary: 'One server of the catalog: the ways to have it, and the values that each needs',
  action: 'server.read',
  recorded: false,
  input: nothing,
  answer: catalogEntryAnswer,
  async run(scene, { entry: id }: { entry: string }) {
    const shelved = requireShelved(await catalogFor(scene), id)
    const { entry, deployments } = shelved
    const { keywords, evidence } = aboutEntry(entry)
    return {
      ...describeItem(shelved),
      keywords,
      evidence,
      version: entry.version,
      deployments: deployments.map(describeDeployment),
    }
  },
})

/** All there is for those who make the rules, with what these deny; for others what they let anybody add. */
export function catalogFor({ manage, principal }: Scene): Promise<ShelfView> {
  return manage.catalogs.read(may(principal, 'catalog.manage') ? 'everything' : 'allowed')
}

/** Throws `not_found` for an entry that is not in this view. */
export function requireShelved(catalog: ShelfView, id: string): Shelved {
  const shelved = catalog.shelved(id)
  if (shelved === undefined) throw noSuchEntry()
  return shelved
}

function noSuchEntry(): GatewayError {
  return new GatewayError('not_found', 'There is no such server in the catalog.', {
    fix: 'Search for it with GET /api/v1/catalog?query=…',
  })
}

function describeItem({ entry, source, denied, deployments }: Shelved): z.output<typeof catalogItem> {
  const { keywords: _, evidence: __, deployments: ___, isFeatured = false, ...about } = aboutEntry(entry)
  return {
    ...about,
    title: entry.title,
    description: entry.description,
    isFeatured,
    source,
    ...(denied !== undefined && { denied }),
    isAddable: deployments.some(({ obstacle }) => obstacle === undefined),
    ways: deployments.map(({ kind, auth }) => ({ kind, auth })),
  }
}
