import { describe, expect, it } from 'vitest'
import { aboutEntry } from '../../src/catalog/catalog-entry.ts'
import { createCatalogLoader } from '../../src/catalog/load-catalog.ts'
import { CATALOG_FOLDER } from '../../src/catalog-folder.ts'

const catalog = await createCatalogLoader(CATALOG_FOLDER)()

function find(query: string): string[] {
  return catalog.find({ query }).entries.map((entry) => aboutEntry(entry).id)
}

describe('what people type', () => {
  it.each([
    ['github', 'github'],
    ['gihtub', 'github'],
    ['pr review', 'github'],
    ['merge request', 'gitlab'],
    ['tickets', 'linear'],
    ['support tickets', 'intercom'],
    ['jira', 'atlassian'],
    ['jra', 'atlassian'],
    ['confluence', 'atlassian'],
    ['wiki', 'notion'],
    ['notoin', 'notion'],
    ['chat', 'slack'],
    ['slack', 'slack'],
    ['send email', 'resend'],
    ['postgres', 'postgres'],
    ['posgres', 'postgres'],
    ['vector database', 'pinecone'],
    ['data warehouse', 'snowflake'],
    ['mongo', 'mongodb'],
    ['redis cache', 'redis'],
    ['payments', 'stripe'],
    ['strpe', 'stripe'],
    ['accounting', 'xero'],
    ['crm', 'hubspot'],
    ['design', 'figma'],
    ['k8s', 'kubernetes'],
    ['Terraform', 'terraform'],
    ['error tracking', 'sentry'],
    ['on-call', 'pagerduty'],
    ['feature flags', 'launchdarkly'],
    ['ci', 'circleci'],
    ['docs', 'aws-documentation'],
    ['library docs', 'context7'],
    ['web search', 'brave-search'],
    ['web scraping', 'firecrawl'],
    ['browser', 'playwright'],
    ['text to speech', 'elevenlabs'],
    ['translate', 'deepl'],
    ['maps', 'mapbox'],
    ['meetings', 'zoom'],
  ])('leads to it in the first three: "%s"', (query, expected) => {
    expect(find(query).slice(0, 3)).toContain(expected)
  })

  it('may be every well-known name, and finds it first', () => {
    const first = catalog.entries
      .filter((entry) => aboutEntry(entry).isFeatured)
      .map((entry) => [aboutEntry(entry).id, find(entry.title)[0]])
    expect(first.filter(([id, found]) => id !== found)).toEqual([])
  })

  it('finds nothing where there is nothing', () => {
    expect(find('qqqqqqqqqq')).toEqual([])
  })
})

describe('without a query', () => {
  it('shows everything, what most people look for first, each part by title', () => {
    const { entries } = catalog.find({})
    expect(entries).toHaveLength(catalog.entries.length)
    const featured = entries.filter((entry) => aboutEntry(entry).isFeatured)
    expect(entries.slice(0, featured.length)).toEqual(featured)
    const titles = featured.map(({ title }) => title)
    expect(titles).toEqual(titles.toSorted(new Intl.Collator('en').compare))
  })
})

describe('filters', () => {
  it('keep what they say, together', () => {
    const { entries } = catalog.find({
      category: 'databases',
      transport: 'npm',
      official: true,
      auth: 'environment',
    })
    expect(entries.length).toBeGreaterThan(5)
    for (const entry of entries) {
      const about = aboutEntry(entry)
      expect([about.category, about.isOfficial]).toEqual(['databases', true])
      expect(about.deployments.map(({ auth }) => auth)).toContain('environment')
      expect(entry.packages?.map(({ registryType }) => registryType)).toContain('npm')
    }
  })

  it('are told with how many another choice would leave', () => {
    const { counts } = catalog.find({ query: 'payments', category: 'payments-finance', transport: 'remote' })
    for (const [transport, count] of Object.entries(counts.transport)) {
      const filter = { query: 'payments', category: 'payments-finance', transport } as const
      expect(catalog.find(filter as Parameters<typeof catalog.find>[0]).entries).toHaveLength(count)
    }
    expect(Object.keys(counts.transport).length).toBeGreaterThan(1)
    expect(Object.values(catalog.find({}).counts.category).reduce((sum, count) => sum + count)).toBe(
      catalog.entries.length,
    )
  })
})
