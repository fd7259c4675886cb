import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { connect } from '../gateway/clients.ts'
import { modernText, postModern } from '../gateway/raw-clients.ts'
import { WireClient } from '../resilience/wire-client.ts'

type Json = Record<string, unknown>

const SLUG = 'team'
/** They are written a second after they were seen. */
const PATIENCE = { timeout: 15_000 }

const open = new AsyncDisposableStack()
let plane: ControlPlane
let url: string

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  url = (await plane.workspace(SLUG)).url
})
afterAll(() => open.disposeAsync())

async function clients(query = '', token?: string, slug = SLUG): Promise<Json[]> {
  return (await plane.api('GET', `/workspaces/${slug}/clients${query}`, undefined, token)).items as Json[]
}

async function issue(more: Json): Promise<{ id: string; token: string }> {
  const { id, token } = await plane.api('POST', `/workspaces/${SLUG}/tokens`, {
    name: 'laptop',
    role: 'developer',
    ...more,
  })
  return { id: String(id), token: String(token) }
}

const ofMember = async (member: string) => (await clients()).filter((client) => client.member === member)

function listTools(token: string, name: string): ReturnType<typeof postModern> {
  const text = modernText(1, 'tools/list', '').replace('"name":"raw"', `"name":${JSON.stringify(name)}`)
  return postModern(url, token, text)
}

describe('the clients seen', () => {
  it('are those that connected, of both eras, with their token and its member', async () => {
    const { id, token } = await issue({ member: 'ada' })
    const before = Date.now()
    for (const era of ['legacy', 'modern'] as const) {
      await using client = await connect({ era, way: 'directly', url, token })
      await client.tools()
    }
    await expect.poll(async () => (await ofMember('ada')).length, PATIENCE).toBe(2)
    const seen = await ofMember('ada')
    expect(seen).toEqual(
      expect.arrayContaining(
        [
          { era: 'legacy', client: 'legacy-client/1.0' },
          { era: 'modern', client: expect.stringContaining('modern-client/') },
        ].map((client) => ({
          ...client,
          tokenId: id,
          tokenName: 'laptop',
          member: 'ada',
          firstSeenAt: expect.any(String),
          lastSeenAt: expect.any(String),
        })),
      ),
    )
    for (const { firstSeenAt, lastSeenAt } of seen) {
      expect(Date.parse(String(firstSeenAt))).toBeGreaterThanOrEqual(before)
      expect(Date.parse(String(lastSeenAt))).toBeLessThanOrEqual(Date.now())
    }
  })

  it('are in the list of tokens, the last of each', async () => {
    const { id, token } = await issue({ member: 'bob' })
    const unused = await issue({ member: 'bob' })
    await listTools(token, 'editor')
    const tokenOf = async (wanted: string) => {
      const { items } = await plane.api('GET', `/workspaces/${SLUG}/tokens`)
      return (items as Json[]).find((each) => each.id === wanted)
    }
    await expect.poll(async () => (await tokenOf(id))?.lastClient, PATIENCE).toBe('editor/1')
    expect((await tokenOf(unused.id))?.lastClient).toBeNull()
  })

  it("are an owner's too, and stand in the list of owner tokens", async () => {
    await listTools(plane.ownerToken, 'owner-editor')
    const names = async () => {
      const { items } = await plane.api('GET', '/tokens')
      return (items as Json[]).map(({ lastClient }) => lastClient)
    }
    await expect.poll(names, PATIENCE).toContain('owner-editor/1')
  })

  it('are seen again in a session that goes on after a restart', async () => {
    const { token } = await issue({ member: 'sid' })
    const client = await WireClient.open(url, token)
    await expect.poll(async () => (await ofMember('sid')).length, PATIENCE).toBe(1)
    const [first] = await ofMember('sid')
    await plane.kill('SIGTERM')
    await plane.start()
    await client.send('ping')
    const again = async () => {
      const [now] = await ofMember('sid')
      return String(now?.lastSeenAt) > String(first?.lastSeenAt) && now?.firstSeenAt === first?.firstSeenAt
    }
    await expect.poll(again, PATIENCE).toBe(true)
  })

  it('are kept when the program stops a moment later', async () => {
    const { token } = await issue({ member: 'tim' })
    await listTools(token, 'brief')
    await plane.kill('SIGTERM')
    await plane.start()
    expect(await ofMember('tim')).toMatchObject([{ client: 'brief/1' }])
  })

  it('are 20 of a token at most, with short names, whatever it makes up', async () => {
    const { token } = await issue({ member: 'mallory' })
    const names = Array.from(
      { length: 60 },
      (_, index) => `\u0000\u202emade-up-${index}-${'x'.repeat(5_000)}`,
    )
    const { token: other } = await issue({ member: 'quiet' })
    await listTools(other, 'honest')
    await Promise.all(names.map((name) => listTools(token, name)))
    await expect.poll(async () => (await ofMember('mallory')).length, PATIENCE).toBe(20)
    for (const { client } of await ofMember('mallory')) {
      expect(String(client).length).toBeLessThanOrEqual(201)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
      expect(client).not.toMatch(/[\u0000\u202e]/)
    }
    expect(await ofMember('quiet')).toMatchObject([{ client: 'honest/1' }])
  })

  it('are for developers their own alone, and for nobody those of other workspaces', async () => {
    const { token } = await issue({ member: 'dev' })
    await listTools(token, 'mine')
    await expect.poll(async () => (await ofMember('dev')).length, PATIENCE).toBe(1)
    expect(await clients('', token)).toMatchObject([{ client: 'mine/1', member: 'dev' }])
    const { token: admin } = await issue({ member: 'chief', role: 'admin' })
    expect((await clients('', admin)).length).toBeGreaterThan(2)
    await plane.workspace('elsewhere')
    expect(await clients('', undefined, 'elsewhere')).toEqual([])
    const readonly = await plane.token(SLUG, { role: 'readonly' })
    expect((await plane.tryApi('GET', `/workspaces/${SLUG}/clients`, undefined, readonly)).status).toBe(403)
  })

  it('come in pages, newest first', async () => {
    const all = await clients()
    const first = await plane.api('GET', `/workspaces/${SLUG}/clients?limit=3`)
    const rest = await clients(`?cursor=${first.nextCursor}`)
    expect([...(first.items as Json[]), ...rest]).toEqual(all)
    const times = all.map(({ lastSeenAt }) => String(lastSeenAt))
    expect(times).toEqual(times.toSorted().toReversed())
  })
})
