import { z } from 'zod'
import { serverJson } from './server-json.ts'

/** Where our part of a `server.json` is. */
export const CATALOG_META = 'dev.mcpgw/catalog'

export const CATEGORIES = [
  'ai-ml',
  'analytics',
  'automation',
  'browser-automation',
  'cloud-infrastructure',
  'communication',
  'crm-sales',
  'crypto-web3',
  'data-integration',
  'databases',
  'design-media',
  'developer-tools',
  'documentation',
  'documents-storage',
  'ecommerce',
  'hr-legal',
  'maps-travel',
  'marketing',
  'observability',
  'other',
  'payments-finance',
  'productivity',
  'project-management',
  'reference',
  'science-health',
  'search-web',
  'security',
  'support',
] as const

export type Category = (typeof CATEGORIES)[number]

export const STATUSES = ['active', 'deprecated', 'unmaintained'] as const

/** What a server wants before it lets anybody in; `url` is a secret in the address. */
export const AUTH_KINDS = ['none', 'header', 'environment', 'oauth', 'url'] as const

export type AuthKind = (typeof AUTH_KINDS)[number]

/** Whether anybody's client may register itself, or an operator makes one at the vendor's first. */
export const OAUTH_CLIENTS = ['dynamic', 'pre-registered'] as const

/**
 * `listed-tools`: started here, and it listed its tools. `answered`: the remote server answered as expected.
 * `published`: its registry has the package at this version. `source`: a cited source states address and needs.
 */
export const VERIFICATIONS = ['listed-tools', 'answered', 'published', 'source'] as const

const words = (maxLength: number) =>
  z.string().min(1, 'must not be empty').max(maxLength, `must be at most ${maxLength} characters`)

const link = z.url({ protocol: /^https$/, error: 'must be an https address' })

export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, 'must be 1 to 64 of a-z, 0-9 and "-"')

/** What `server.json` cannot say about a needed value. */
const valueNote = z.strictObject({ getItAt: link })

const aboutDeployment = {
  auth: z.enum(AUTH_KINDS),
  oauth: z
    .strictObject({
      client: z.enum(OAUTH_CLIENTS),
      scopes: z.array(words(200)).exactOptional(),
      /** Where an operator makes a client at the vendor's. */
      registerAt: link.exactOptional(),
    })
    .exactOptional(),
  /** What tells it from the others, such as the region it serves. */
  label: words(60).exactOptional(),
  /** What to know of this way alone. */
  warning: words(300).exactOptional(),
  /** How many there were when they were last listed. */
  tools: z.int().nonnegative().exactOptional(),
  /** By the name of the need. */
  values: z.record(z.string(), valueNote).exactOptional(),
}

const deploymentNote = z
  .union([
    z.strictObject({ remote: z.int().nonnegative(), ...aboutDeployment }),
    z.strictObject({ package: z.int().nonnegative(), ...aboutDeployment }),
  ])
  .refine(({ auth, oauth }) => (auth === 'oauth') === (oauth !== undefined), {
    error: 'must have "oauth" exactly when its auth is oauth',
    path: ['oauth'],
  })

export type DeploymentNote = z.output<typeof deploymentNote>

const verification = z.strictObject({
  at: z.iso.date('must be a date such as 2026-01-31'),
  how: z.enum(VERIFICATIONS),
  note: words(300).exactOptional(),
})

export const catalogMeta = z.strictObject({
  id: slug,
  vendor: words(100),
  /** Published by the maker of the product itself. */
  isOfficial: z.boolean(),
  category: z.enum(CATEGORIES),
  /** Among the first to be shown: what most people look for. */
  isFeatured: z.boolean().exactOptional(),
  /** What people type who look for it, beside its name. */
  keywords: z.array(words(40)).max(20, 'must hold at most 20 words'),
  status: z.enum(STATUSES),
  statusNote: words(300).exactOptional(),
  replacedBy: slug.exactOptional(),
  /** What to know before it is added, such as that it reads the gateway's own machine. */
  warning: words(300).exactOptional(),
  links: z.strictObject({ homepage: link, docs: link.exactOptional(), source: link.exactOptional() }),
  /** In order of preference. */
  deployments: z.array(deploymentNote).min(1, 'must hold at least one'),
  verified: z.array(verification).min(1, 'must hold at least one'),
  /** Where the facts come from. */
  evidence: z.array(words(300)).min(1, 'must hold at least one'),
})

export type CatalogMeta = z.output<typeof catalogMeta>

/** An entry of the catalog: an official `server.json`, with what only we say about it under `_meta`. */
export const catalogEntry = z.looseObject({
  ...serverJson.shape,
  title: words(100),
  _meta: z.looseObject({ [CATALOG_META]: catalogMeta }),
})

export type CatalogEntry = z.output<typeof catalogEntry>

/** A file of the catalog. */
export const catalogFile = z.strictObject({
  $schema: z.string().exactOptional(),
  entries: z.array(catalogEntry),
})

export function aboutEntry(entry: CatalogEntry): CatalogMeta {
  return entry._meta[CATALOG_META]
}
