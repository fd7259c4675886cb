import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isFull } from '../full-counts.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { startTiny, type Tiny } from './tiny-upstream.ts'

/** Names that are the same on two servers, become the same when cleaned or cut, or look like another server's. */
const TOOLS = [
  'get',
  'get_it',
  'get.it',
  'get/it',
  'get it',
  'GET',
  'gët',
  '__get',
  'b__get',
  'a-b__get',
  'a__b__get',
  `${'n'.repeat(70)}1`,
  `${'n'.repeat(70)}2`,
  'n'.repeat(64),
]
const SERVERS = ['a', 'a-b', 'b', 'b-get', 'zz']
const PREFIXES = ['always', 'on-collision', 'never'] as const
const RESTARTS = isFull ? 10 : 3
const CALLS = isFull ? 10_000 : 2_000
const AT_A_TIME = 50

const open = new AsyncDisposableStack()
const upstreams = new Map<string, Tiny>()
let plane: ControlPlane

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  // Each says who it is: an answer from the wrong one shows.
  for (const server of SERVERS)
    upstreams.set(
      server,
      open.use(
        await startTiny('modern', {
          tools: TOOLS,
          onCall: (call) => call.replyText(JSON.stringify([server, call.name])),
        }),
      ),
    )
})

afterAll(() => open.disposeAsync())

type Route = Record<string, string>

/** Where each shown name leads, by calling it. */
async function routes(slug: string, token: string): Promise<Route> {
  const client = await WireClient.open(`${plane.url}/ws/${slug}`, token)
  const names = await client.tools()
  expect(new Set(names).size).toBe(SERVERS.length * TOOLS.length)
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await client.call(name)])))
}

async function addAll(slug: string, servers: readonly string[], prefix: string): Promise<string> {
  const { token } = await plane.workspace(slug)
  for (const name of servers) await plane.addServer(slug, { name, url: upstreams.get(name)?.url, prefix })
  return token
}

describe('[M14] servers whose tools have the same names', () => {
  it.each(PREFIXES)(
    'are all reached, each under its own, in whatever order they were added (prefix %s)',
    async (prefix) => {
      const inOrder = await routes(`in-${prefix}`, await addAll(`in-${prefix}`, SERVERS, prefix))
      const reversed = await routes(
        `re-${prefix}`,
        await addAll(`re-${prefix}`, SERVERS.toReversed(), prefix),
      )
      expect(reversed).toEqual(inOrder)
      const reached = Object.values(inOrder).toSorted()
      expect(reached).toEqual(
        SERVERS.flatMap((server) => TOOLS.map((tool) => JSON.stringify([server, tool]))).toSorted(),
      )
      for (const name of Object.keys(inOrder)) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    },
  )

  it('cannot take a name with another server’s prefix', async () => {
    const token = await addAll('taken', SERVERS, 'always')
    for (const prefix of PREFIXES) {
      await plane.api('PATCH', '/workspaces/taken/servers/a', { prefix })
      const led = await routes('taken', token)
      for (const server of ['b', 'a-b']) expect(led[`${server}__get`]).toBe(JSON.stringify([server, 'get']))
    }
  })

  it(`keep their names over ${RESTARTS} restarts, and none of ${CALLS} calls goes to a wrong one`, async () => {
    const slug = 'in-on-collision'
    const token = await plane.token(slug)
    const before = await routes(slug, token)
    const names = Object.keys(before)
    for (let restart = 0; restart < RESTARTS; restart++) {
      await plane.kill()
      await plane.start()
      const client = await WireClient.open(`${plane.url}/ws/${slug}`, token)
      expect((await client.tools()).toSorted()).toEqual(names.toSorted())
    }
    const { headers } = await WireClient.open(`${plane.url}/ws/${slug}`, token)
    const pool = new Pool(plane.url, { connections: AT_A_TIME })
    const wrong: string[] = []
    let called = 0
    const caller = async () => {
      while (called < CALLS) {
        const name = names[Math.floor(Math.random() * names.length)] ?? ''
        const { body } = await pool.request({
          path: `/ws/${slug}`,
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
          body: JSON.stringify({ jsonrpc: '2.0', id: ++called, method: 'tools/call', params: { name } }),
        })
        const said = await body.text()
        if (!said.includes(JSON.stringify(before[name]))) wrong.push(`${name} led to ${said}`)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, caller))
    await pool.destroy()
    expect(called).toBeGreaterThanOrEqual(CALLS)
    expect(wrong).toEqual([])
  }, 240_000)
})
