import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Installation, openInstallation } from '../admin/installation.ts'

let gateway: Installation
beforeAll(async () => {
  gateway = await openInstallation()
})
afterAll(() => gateway[Symbol.asyncDispose]())

const search = (query: string) => gateway.ask('developer', 'GET', `/catalog${query}`)

describe('the catalog in the admin API', () => {
  it('lists every server once, page by page', async () => {
    const ids: string[] = []
    let cursor = ''
    do {
      const { status, body } = await search(`?limit=100${cursor}`)
      expect(status).toBe(200)
      ids.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.nextCursor === undefined ? '' : `&cursor=${body.nextCursor}`
      expect(body.total).toBeGreaterThanOrEqual(420)
      if (cursor === '') expect(ids).toHaveLength(body.total)
    } while (cursor !== '')
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('finds by what people type, and tells enough to choose', async () => {
    const { body } = await search('?query=payments&limit=3')
    expect(body.items).toContainEqual(
      expect.objectContaining({
        id: 'stripe',
        title: 'Stripe',
        vendor: 'Stripe',
        isOfficial: true,
        status: 'active',
        isAddable: true,
        links: expect.objectContaining({ homepage: expect.stringMatching(/^https:/) }),
        verified: expect.arrayContaining([expect.objectContaining({ at: expect.any(String) })]),
        ways: expect.arrayContaining([{ kind: 'remote', auth: 'oauth' }]),
      }),
    )
    expect(body.nextCursor).toEqual(expect.any(String))
  })

  it('filters, and counts what other filters would leave', async () => {
    const { body } = await search('?category=databases&transport=npm&auth=environment&official=true')
    expect(body.total).toBe(body.counts.transport.npm)
    expect(body.items.length).toBe(body.total)
    for (const item of body.items) expect(item).toMatchObject({ category: 'databases', isOfficial: true })
    expect(body.counts.category.databases).toBe(body.total)
    expect(body.counts.official.false).toBeGreaterThan(0)
  })

  it('shows one server with what each way needs, where to get it and where it goes', async () => {
    const { body } = await gateway.ask('developer', 'GET', '/catalog/github')
    expect(body.deployments[0]).toMatchObject({
      kind: 'remote',
      transport: 'streamable-http',
      auth: 'header',
      url: 'https://api.githubcopilot.com/mcp/',
      needs: [
        {
          name: 'GITHUB_TOKEN',
          isSecret: true,
          isRequired: true,
          getItAt: 'https://github.com/settings/personal-access-tokens',
          goesInto: { kind: 'header', name: 'Authorization' },
        },
      ],
    })
    expect(body.deployments[1]).toMatchObject({ auth: 'oauth', oauth: { client: 'pre-registered' } })
    expect(body.keywords).toContain('pull request')
    expect(body.evidence.length).toBeGreaterThan(0)
  })

  it('names the package and its version, and what keeps a way from being added', async () => {
    const { body } = await gateway.ask('developer', 'GET', '/catalog/brightdata')
    expect(body.deployments).toEqual([
      expect.objectContaining({ kind: 'remote', obstacle: expect.stringContaining('plain text') }),
      expect.objectContaining({ kind: 'npm', package: '@brightdata/mcp', version: '2.11.3' }),
    ])
    expect(body.isAddable).toBe(true)
  })

  it('says that there is no such server', async () => {
    const { status, body } = await gateway.ask('developer', 'GET', '/catalog/no-such-server')
    expect([status, body.code]).toEqual([404, 'not_found'])
  })

  it.each([
    ['a filter that is none', '?colour=red', 'Unknown field "colour"'],
    ['a category that is none', '?category=fun', '"category" must be one of'],
    ['a transport that is none', '?transport=pigeon', '"transport" must be one of'],
    ['a cursor of somebody else', '?cursor=abc', 'cursor is not one of ours'],
    ['a query without end', `?query=${'x'.repeat(201)}`, 'at most 200'],
  ])('refuses %s', async (_what, query, said) => {
    const { status, body } = await search(query)
    expect([status, body.code]).toEqual([400, 'invalid_request'])
    expect(body.detail).toContain(said)
  })
})
