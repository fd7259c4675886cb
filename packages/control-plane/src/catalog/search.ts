import MiniSearch, { type SearchOptions } from 'minisearch'
import { type AuthKind, aboutEntry, type CatalogEntry, type Category } from './catalog-entry.ts'
import { type Deployment, deploymentsOf } from './deployment.ts'

/** What narrows a search; what is absent lets everything through. */
export interface CatalogFilter {
  category?: Category
  auth?: AuthKind
  transport?: Deployment['kind']
  official?: boolean
}

export interface CatalogQuestion extends CatalogFilter {
  query?: string
}

type Facet = keyof CatalogFilter

export interface CatalogFindings {
  /** Best first with a query; otherwise by title, those that most people look for before the others. */
  entries: CatalogEntry[]
  /** How many there would be with another choice for one filter, the others as they are; nothing is said of none. */
  counts: Record<Facet, Record<string, number>>
}

export interface CatalogSearch {
  find(question: CatalogQuestion): CatalogFindings
}

/** What people call a whole category, beside its name. */
const CATEGORY_WORDS: Record<Category, string> = {
  'ai-ml': 'ai ml machine learning llm models',
  analytics: 'analytics metrics statistics reports data',
  automation: 'automation workflows integrations',
  'browser-automation': 'browser automation web testing scraping',
  'cloud-infrastructure': 'cloud infrastructure hosting deploy devops',
  communication: 'communication messages chat email sms',
  'crm-sales': 'crm sales leads customers contacts',
  'crypto-web3': 'crypto web3 blockchain wallet tokens',
  'data-integration': 'data integration etl pipelines',
  databases: 'database sql data query',
  'design-media': 'design media images video',
  'developer-tools': 'developer tools code programming',
  documentation: 'documentation docs manual reference',
  'documents-storage': 'documents storage files',
  ecommerce: 'ecommerce e-commerce shop store orders products',
  'hr-legal': 'hr legal jobs recruiting contracts',
  'maps-travel': 'maps travel location places flights hotels',
  marketing: 'marketing ads campaigns seo',
  observability: 'observability monitoring logs metrics alerts',
  other: '',
  'payments-finance': 'payments finance billing invoices accounting money',
  productivity: 'productivity notes calendar meetings',
  'project-management': 'project management tasks tickets issues',
  reference: 'reference examples facts',
  'science-health': 'science health research papers medicine',
  'search-web': 'web search internet crawl',
  security: 'security vulnerabilities compliance identity',
  support: 'support helpdesk tickets customers',
}

const FIELDS = ['id', 'title', 'keywords', 'vendor', 'description', 'category'] as const

const BOOSTS: Record<(typeof FIELDS)[number], number> = {
  id: 2,
  title: 5,
  keywords: 3,
  vendor: 2,
  description: 1.5,
  category: 0.6,
}

/** An index over all entries. Others get their turn while it is made. */
export async function createCatalogSearch(entries: readonly CatalogEntry[]): Promise<CatalogSearch> {
  const inOrder = entries.toSorted(byProminence)
  const byId = new Map(entries.map((entry) => [aboutEntry(entry).id, entry]))
  const traits = new Map(entries.map((entry) => [entry, traitsOf(entry)]))
  const index = await createIndex(entries)

  function matching(query: string | undefined): readonly CatalogEntry[] {
    const text = query?.trim() ?? ''
    if (text === '') return inOrder
    return searchIndex(index, text).flatMap((id) => byId.get(id) ?? [])
  }

  function passes(entry: CatalogEntry, filter: CatalogFilter): boolean {
    const own = traits.get(entry)
    return FACETS.every((facet) => filter[facet] === undefined || own?.[facet].has(String(filter[facet])))
  }

  function countFor(facet: Facet, matches: readonly CatalogEntry[], filter: CatalogFilter) {
    const { [facet]: _, ...others } = filter
    const counts: Record<string, number> = {}
    for (const entry of matches)
      if (passes(entry, others))
        for (const trait of traits.get(entry)?.[facet] ?? []) counts[trait] = (counts[trait] ?? 0) + 1
    return counts
  }

  return {
    find({ query, ...filter }) {
      const matches = matching(query)
      return {
        entries: matches.filter((entry) => passes(entry, filter)),
        counts: {
          category: countFor('category', matches, filter),
          auth: countFor('auth', matches, filter),
          transport: countFor('transport', matches, filter),
          official: countFor('official', matches, filter),
        },
      }
    },
  }
}

const FACETS = ['category', 'auth', 'transport', 'official'] as const satisfies Facet[]

function traitsOf(entry: CatalogEntry): Record<Facet, ReadonlySet<string>> {
  const { category, isOfficial } = aboutEntry(entry)
  const deployments = deploymentsOf(entry)
  return {
    category: new Set([category]),
    auth: new Set(deployments.map(({ auth }) => auth)),
    transport: new Set(deployments.map(({ kind }) => kind)),
    official: new Set([String(isOfficial)]),
  }
}

interface Document extends Record<(typeof FIELDS)[number], string> {
  weight: number
}

async function createIndex(entries: readonly CatalogEntry[]): Promise<MiniSearch<Document>> {
  const index = new MiniSearch<Document>({
    fields: [...FIELDS],
    storeFields: ['weight'],
    processTerm: normalize,
    searchOptions: {
      boost: BOOSTS,
      boostDocument: (id, term, stored) => weightIn(stored) * (normalize(String(id)) === term ? 2 : 1),
      // Much of the usual weight of short texts: an entry is no better for having few keywords.
      bm25: { k: 1.2, b: 0.2, d: 0.5 },
      // Of short words, the beginning or a typo says too little.
      prefix: (term) => term.length >= 3,
      fuzzy: (term) => (term.length >= 4 ? 0.2 : false),
      weights: { prefix: 0.4, fuzzy: 0.3 },
    },
  })
  await index.addAllAsync(entries.map(documentOf), { chunkSize: 50 })
  return index
}

function weightIn(stored: Record<string, unknown> | undefined): number {
  return typeof stored?.weight === 'number' ? stored.weight : 1
}

/** All words, or else some of them, or else words that look like them: two letters swapped count as two mistakes. */
const ATTEMPTS: SearchOptions[] = [
  { combineWith: 'AND' },
  { combineWith: 'OR' },
  { combineWith: 'OR', fuzzy: (term) => Math.min(2, Math.max(1, Math.round(term.length / 3))) },
]

function searchIndex(index: MiniSearch<Document>, text: string): string[] {
  for (const attempt of ATTEMPTS) {
    const found = index.search(text, attempt)
    if (found.length > 0) return found.map(({ id }) => String(id))
  }
  return []
}

function documentOf(entry: CatalogEntry): Document {
  const about = aboutEntry(entry)
  return {
    id: about.id,
    title: entry.title,
    keywords: about.keywords.join(' '),
    vendor: about.vendor,
    description: entry.description,
    category: CATEGORY_WORDS[about.category],
    weight: weightOf(entry),
  }
}

/** Of equals, first what most people look for, what the vendor itself keeps up, and what many sources know. */
function weightOf(entry: CatalogEntry): number {
  const { isFeatured, isOfficial, status, evidence } = aboutEntry(entry)
  const known = 1 + Math.min(evidence.length, 5) / 20
  return known * (isFeatured ? 2 : 1) * (isOfficial ? 1.2 : 1) * (status === 'active' ? 1 : 0.5)
}

const ALPHABET = new Intl.Collator('en')

function byProminence(a: CatalogEntry, b: CatalogEntry): number {
  const rank = (entry: CatalogEntry) => (aboutEntry(entry).isFeatured ? 0 : 1)
  return rank(a) - rank(b) || ALPHABET.compare(a.title, b.title)
}

/** "tickets" and "ticket" are one word, whoever says which. */
function normalize(term: string): string {
  const lower = term.toLowerCase()
  return /[^su]s$/.test(lower) && lower.length > 3 ? lower.slice(0, -1) : lower
}
