import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startPostgres } from '../postgres.ts'
import { runProgram } from './run-program.ts'
import { answerText, startSmall } from './small-upstream.ts'
import { SteadyCalls } from './steady-calls.ts'
import { WireClient } from './wire-client.ts'

const postgres = await startPostgres()
afterAll(() => postgres?.[Symbol.asyncDispose]())

const newKey = () => randomBytes(32).toString('base64')
const SECRET = 'the-secret-of-every-server'

// The harness warns why there is no PostgreSQL, where there is none.
describe.skipIf(postgres === undefined)('two control planes on one PostgreSQL', () => {
  it('[V6] change the master key one after another with no failed call at either', async () => {
    const databaseUrl = (await postgres?.url()) ?? ''
    const [oldKey, key] = [newKey(), newKey()]
    await using upstream = await startSmall(['tell'], (call) =>
      answerText(call, call.request.headers.authorization === `Bearer ${SECRET}` ? 'welcome' : 'who are you'),
    )
    const opened = new AsyncDisposableStack()
    await using _ = opened
    const start = async (env: Record<string, string>) =>
      opened.use(await ControlPlane.start({ args: ['--database-url', databaseUrl], env }))

    /** A server with a credential in a workspace of its own, so that its key is made by this very replica. */
    async function grow(plane: ControlPlane, slug: string): Promise<string> {
      const { token } = await plane.workspace(slug)
      await plane.addServer(slug, {
        name: 'up',
        url: upstream.url,
        headers: { Authorization: 'Bearer {{TOKEN}}' },
      })
      await plane.api('PUT', `/workspaces/${slug}/servers/up/credential`, { values: { TOKEN: SECRET } })
      return token
    }

    const before = { MCPGW_MASTER_KEY: oldKey }
    let [one, other] = [await start(before), await start(before)]
    const token = await grow(one, 'team')
    const session = await WireClient.open(`${one.url}/ws/team`, token)

    /** Calls at both replicas, in a session that one of them gave, for as long as something is done. */
    async function expectNoFailure(work: () => Promise<unknown>): Promise<void> {
      const clients = [one, other].map((plane) => {
        const client = new WireClient(`${plane.url}/ws/team`, token)
        client.sessionId = session.sessionId
        return client
      })
      await using load = new SteadyCalls(50, async (turn) => {
        const text = await clients[turn % 2]?.call('up__tell')
        return text === 'welcome' ? undefined : text
      })
      await work()
      await delay(100)
      await load.stop()
      expect(load.failed).toEqual([])
      expect(load.calls.length).toBeGreaterThan(10)
    }

    /** A replica is replaced by one with other keys; the balancer takes the old one out first. */
    async function replace(plane: ControlPlane, env: Record<string, string>): Promise<ControlPlane> {
      const [started] = await Promise.all([start(env), expectNoFailure(() => delay(300))])
      await plane.kill()
      return started
    }

    async function expectEachToOpen(slug: string, grown: string): Promise<void> {
      for (const plane of [one, other]) {
        const client = await WireClient.open(`${plane.url}/ws/${slug}`, grown)
        await expect.poll(() => client.call('up__tell').catch(String), { timeout: 5_000 }).toBe('welcome')
      }
    }

    // First each learns the new key, while everything stays with the old one.
    const knowsBoth = { MCPGW_MASTER_KEY: oldKey, MCPGW_PREVIOUS_MASTER_KEY: key }
    one = await replace(one, knowsBoth)
    await expectEachToOpen('first', await grow(other, 'first'))
    other = await replace(other, knowsBoth)
    expect(await one.api('GET', '/master-key', undefined)).toMatchObject({
      source: 'environment',
      olderKeys: 0,
    })
    const refused = await one.tryApi('POST', '/master-key/rotate')
    expect(refused).toMatchObject({ status: 501, body: { fix: expect.stringContaining('PREVIOUS') } })

    // Then each uses it; whoever comes first wraps the keys again, and the other goes on.
    const uses = { MCPGW_MASTER_KEY: key, MCPGW_PREVIOUS_MASTER_KEY: oldKey }
    one = await replace(one, uses)
    expect(await one.api('GET', '/master-key')).toMatchObject({ unfinished: false, olderKeys: 0 })
    await expectEachToOpen('second', await grow(other, 'second'))
    // What the other has made meanwhile is still wrapped with the old key.
    expect(await one.api('GET', '/master-key')).toMatchObject({ unfinished: true, olderKeys: 1 })
    other = await replace(other, uses)
    expect(await one.api('GET', '/master-key')).toMatchObject({ unfinished: false, olderKeys: 0 })

    // At last nobody knows the old one any more, and it opens nothing.
    one = await replace(one, { MCPGW_MASTER_KEY: key })
    const file = join(one.dataDir, 'the-key')
    writeFileSync(file, key, { mode: 0o600 })
    other = await replace(other, { MCPGW_MASTER_KEY_FILE: file })
    for (const slug of ['team', 'first', 'second']) {
      await expectEachToOpen(slug, await one.token(slug))
    }
    const useless = await runProgram(
      ['serve', '--data-dir', `${one.dataDir}/again`, '--port', '0', '--database-url', databaseUrl],
      { MCPGW_MASTER_KEY: oldKey },
    )
    expect(useless).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not the one this data was sealed with'),
    })
    // A key file is each replica's own, so that even there none of them changes it alone.
    expect(await other.tryApi('POST', '/master-key/rotate')).toMatchObject({ status: 501 })
  }, 120_000)

  it('[V7] use a credential at the latest a second after its rotation at the other', async () => {
    const databaseUrl = (await postgres?.url()) ?? ''
    const key = { MCPGW_MASTER_KEY: newKey() }
    await using upstream = await startSmall(['tell'], (call) =>
      // Part of the value: the whole would be taken out of the answer.
      answerText(call, /round-(\d+)/.exec(call.request.headers.authorization ?? '')?.[1] ?? 'none'),
    )
    const args = ['--database-url', databaseUrl]
    await using here = await ControlPlane.start({ args, env: key })
    await using there = await ControlPlane.start({ args, env: key })
    const { token } = await here.workspace('team')
    const path = '/workspaces/team/servers/up'
    const put = (round: number) =>
      here.api('PUT', `${path}/credential`, { values: { TOKEN: `the-value-of-round-${round}` } })
    await here.api('POST', '/workspaces/team/servers', {
      name: 'up',
      url: upstream.url,
      headers: { Authorization: 'Bearer {{TOKEN}}' },
    })
    await put(0)
    await here.api('POST', `${path}/check`)
    const client = await WireClient.open(`${there.url}/ws/team`, token)
    await expect.poll(() => client.call('up__tell').catch(String), { timeout: 5_000 }).toBe('0')
    const validFrom = [0]
    const seen: { startedAt: number; round: number }[] = []
    await using load = new SteadyCalls(200, async () => {
      const startedAt = performance.now()
      seen.push({ startedAt, round: Number(await client.call('up__tell')) })
      return undefined
    })
    for (let round = 1; round <= 10; round += 1) {
      await put(round)
      validFrom[round] = performance.now()
      await delay(50 * (round % 4))
    }
    await delay(1_200)
    await load.stop()
    expect(load.failed).toEqual([])
    const late = seen.filter(
      ({ startedAt, round }) => round < validFrom.findLastIndex((from) => from <= startedAt - 1_000),
    )
    expect(late).toEqual([])
    expect(seen.at(-1)?.round).toBe(10)
  }, 60_000)
})
