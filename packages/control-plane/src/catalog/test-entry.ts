import type { CatalogMeta } from './catalog-entry.ts'

/** An entry as a file would have it, for tests that break it. */
export function exampleEntry(changes: Partial<CatalogMeta> = {}): Record<string, unknown> {
  return {
    name: 'com.example/example',
    title: 'Example',
    description: 'Try what an entry looks like',
    version: '1.0.0',
    remotes: [
      {
        type: 'streamable-http',
        url: 'https://mcp.example.com/mcp',
        headers: [
          {
            name: 'Authorization',
            value: 'Bearer {EXAMPLE_TOKEN}',
            isRequired: true,
            isSecret: true,
            variables: { EXAMPLE_TOKEN: { isSecret: true } },
          },
        ],
      },
    ],
    _meta: {
      'dev.mcpgw/catalog': {
        id: 'example',
        vendor: 'Example',
        isOfficial: true,
        category: 'support',
        keywords: ['tickets'],
        status: 'active',
        links: { homepage: 'https://example.com' },
        deployments: [
          {
            remote: 0,
            auth: 'header',
            values: { EXAMPLE_TOKEN: { getItAt: 'https://example.com/tokens' } },
          },
        ],
        verified: [{ at: '2026-01-31', how: 'source' }],
        evidence: ['https://example.com/docs'],
        ...changes,
      },
    },
  }
}
