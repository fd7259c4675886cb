import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkCatalog } from './check-catalog.ts'
import { exampleEntry } from './test-entry.ts'

const NOW = new Date('2026-06-30T12:00:00Z')

async function problemsOf(entries: unknown[], file = 'support.json'): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpgw-catalog-'))
  await writeFile(join(folder, file), JSON.stringify({ entries }))
  const { report } = await checkCatalog(folder, NOW)
  await rm(folder, { recursive: true })
  return report.problems.map(({ entry, problem }) => `${entry ?? '-'}: ${problem}`)
}

const npm = (version?: string) => ({
  registryType: 'npm',
  identifier: 'example-mcp',
  transport: { type: 'stdio' },
  ...(version !== undefined && { version }),
})

describe('the check of the catalog', () => {
  it('finds nothing wrong with a good entry', async () => {
    expect(await problemsOf([exampleEntry()])).toEqual([])
  })

  it.each<[string, unknown[], RegExp]>([
    [
      'an id that is there twice',
      [exampleEntry(), exampleEntry()],
      /example: The id example is that of example too/,
    ],
    [
      'an address that is there twice',
      [exampleEntry(), { ...exampleEntry({ id: 'other' }), name: 'com.example/other', title: 'Other' }],
      /other: The address https:\/\/mcp\.example\.com\/mcp is that of example too/,
    ],
    [
      'a deployment of a part that is not there',
      [exampleEntry({ deployments: [{ remote: 1, auth: 'none' }] })],
      /refers to a part that is not there/,
    ],
    [
      'a part that nobody refers to',
      [{ ...exampleEntry(), packages: [npm('1.0.0')] }],
      /No deployment refers to example-mcp/,
    ],
    [
      'a package without a version',
      [{ ...exampleEntry({ deployments: [{ package: 0, auth: 'none' }] }), packages: [npm()], remotes: [] }],
      /The package example-mcp has no version/,
    ],
    [
      'a package that opens files, without a warning',
      [
        {
          ...exampleEntry({ deployments: [{ package: 0, auth: 'none' }] }),
          packages: [{ ...npm('1.0.0'), environmentVariables: [{ name: 'KUBECONFIG', format: 'filepath' }] }],
          remotes: [],
        },
      ],
      /It opens files of the gateway's machine, and has no warning/,
    ],
    [
      'a version that is a range',
      [{ ...exampleEntry(), packages: [npm('^1.0.0')] }],
      /must be an exact version, not a range/,
    ],
    [
      'a version that is no version',
      [{ ...exampleEntry(), packages: [npm('latest')] }],
      /must be an exact version, not "latest"/,
    ],
    [
      'a secret without a link',
      [exampleEntry({ deployments: [{ remote: 0, auth: 'header' }] })],
      /EXAMPLE_TOKEN is secret and has no link of its own/,
    ],
    [
      'a link for what is not needed',
      [
        exampleEntry({
          deployments: [
            {
              remote: 0,
              auth: 'header',
              values: {
                EXAMPLE_TOKEN: { getItAt: 'https://example.com' },
                OTHER: { getItAt: 'https://example.com' },
              },
            },
          ],
        }),
      ],
      /Nothing needs the value OTHER/,
    ],
    [
      'an authentication that its needs do not bear out',
      [
        exampleEntry({
          deployments: [
            { remote: 0, auth: 'none', values: { EXAMPLE_TOKEN: { getItAt: 'https://example.com' } } },
          ],
        }),
      ],
      /Its auth is none, and it needs what header does/,
    ],
    [
      'a login that says nothing of its client',
      [exampleEntry({ deployments: [{ remote: 0, auth: 'oauth' }] })],
      /must have "oauth"/,
    ],
    [
      'an entry in the wrong file',
      [exampleEntry({ category: 'security' })],
      /It is in support\.json, and its category is security/,
    ],
    [
      'a day that is to come',
      [exampleEntry({ verified: [{ at: '2026-07-01', how: 'source' }] })],
      /verified on 2026-07-01, which is to come/,
    ],
    [
      'a replacement that is not there',
      [exampleEntry({ replacedBy: 'gone' })],
      /It is replaced by gone, which is not there/,
    ],
    [
      'a description that is too long',
      [{ ...exampleEntry(), description: 'x'.repeat(101) }],
      /description: must be at most 100 characters/,
    ],
    [
      'an address that is no web address',
      [{ ...exampleEntry(), remotes: [{ type: 'sse', url: 'ftp://x' }] }],
      /must be a web address/,
    ],
    [
      'an address in plain HTTP',
      [
        {
          ...exampleEntry({ deployments: [{ remote: 0, auth: 'none' }] }),
          remotes: [{ type: 'sse', url: 'http://example.com' }],
        },
      ],
      /is no https address/,
    ],
    [
      'a key of ours that is not known',
      [exampleEntry({ ...({ colour: 'red' } as object) })],
      /Unrecognized key/,
    ],
  ])('finds %s', async (_what, entries, expected) => {
    expect((await problemsOf(entries)).join('\n')).toMatch(expected)
  })

  it('finds entries that are not in order', async () => {
    const second = { ...exampleEntry({ id: 'a-first' }), name: 'com.example/a', title: 'A', remotes: [] }
    expect((await problemsOf([exampleEntry(), second])).join('\n')).toMatch(/not in order/)
  })

  it('counts by transport, authentication and status, and dates itself', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpgw-catalog-'))
    await writeFile(join(folder, 'support.json'), JSON.stringify({ entries: [exampleEntry()] }))
    const { report } = await checkCatalog(folder, NOW)
    await rm(folder, { recursive: true })
    expect(report).toMatchObject({
      at: '2026-06-30T12:00:00.000Z',
      entries: 1,
      transports: { remote: 1, npm: 0 },
      auth: { header: 1, none: 0 },
      statuses: { active: 1 },
      verified: { earliest: '2026-01-31', latest: '2026-01-31' },
    })
  })
})
