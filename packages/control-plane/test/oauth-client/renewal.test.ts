import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startPostgres } from '../postgres.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { startProtectedServer } from './protected-server.ts'
import { TeamWorkspace } from './team-workspace.ts'

/** Counted there in whole seconds: a quarter of it, by which we are early, must be more than one. */
const SHORT_S = 5

let plane: ControlPlane
let team: TeamWorkspace
let added = 0

beforeAll(async () => {
  plane = await ControlPlane.start()
  team = await TeamWorkspace.open(plane)
})

afterAll(() => plane[Symbol.asyncDispose]())

const open = new Set<AsyncDisposable>()

afterEach(async () => {
  for (const thing of open) await thing[Symbol.asyncDispose]()
  open.clear()
})

/** A server that is logged in to, whose access tokens live so long. */
async function loggedIn(accessTokenS: number) {
  const authorization = await startAuthorizationServer({ accessTokenS })
  const server = await startProtectedServer(authorization)
  open.add(server)
  open.add(authorization)
  const name = `renewed-${++added}`
  await team.add(name, server.url)
  expect((await team.logIn(name)).status).toBe(200)
  await expect.poll(() => team.show(name)).toMatchObject({ status: 'ready' })
  return { authorization, server, name }
}

describe('the access token of a login', () => {
  it('[M28] is renewed before it is over, and no call ever meets one that is not good', async () => {
    const { authorization, server, name } = await loggedIn(SHORT_S)
    const until = Date.now() + 5_500
    while (Date.now() < until) expect(await team.call(`${name}__hello`)).toContain('hello')
    expect(authorization.refreshes().length).toBeGreaterThan(0)
    expect(authorization.refreshes().length).toBeLessThan(4)
    expect(server.refusals()).toBe(0)
  })

  it('[M28] is renewed once when fifty calls are refused with it, and every call is answered', async () => {
    const { authorization, server, name } = await loggedIn(3_600)
    const token = /Bearer (.+)/.exec(server.seen.at(-1) ?? '')?.[1] ?? ''
    await (await authorization.provider.AccessToken.find(token))?.destroy()
    const answers = await Promise.all(Array.from({ length: 50 }, () => team.call(`${name}__hello`)))
    expect(answers.filter((answer) => answer.includes('hello'))).toHaveLength(50)
    expect(authorization.refreshes()).toHaveLength(1)
  })

  it('[M28] is asked for with the resource that it is for, and goes to no other place', async () => {
    const { authorization, server } = await loggedIn(3_600)
    const exchanged = authorization.tokenRequests.at(-1)
    expect(exchanged?.get('resource')).toBe(server.url)
    expect(exchanged?.get('code_verifier')).toMatch(/^[\w-]{43}$/)
  })

  it('is taken out of what the server repeats', async () => {
    const { server, name } = await loggedIn(3_600)
    const answer = await team.call(`${name}__leak`)
    const token = /Bearer (.+)/.exec(server.seen.at(-1) ?? '')?.[1] ?? ''
    expect(token.length).toBeGreaterThan(20)
    expect(answer).not.toContain(token)
    expect(answer).toContain('[redacted:oauth:access_token]')
  })
})

describe('a login that its authorization server has ended', () => {
  it('is shown as over, with what to do, and leaves one row in the log', async () => {
    const { authorization, name } = await loggedIn(SHORT_S)
    const [first] = authorization.tokenRequests
    await revokeAll(authorization, first)
    await expect
      .poll(() => team.show(name), { timeout: 30_000 })
      .toMatchObject({
        status: 'needs_login',
        oauth: { login: 'ended' },
        error: { code: 'needs_login', fix: expect.stringContaining('logs in') },
      })
    expect(await team.call(`${name}__hello`)).toContain('logs in on')
    const rows = await team.logRows('server.login.renew')
    expect(rows.filter(({ server }) => server === name)).toMatchObject([
      { outcome: 'denied', reason: 'needs_login', member: 'mcpgw' },
    ])
    expect((await team.logIn(name)).status).toBe(200)
    await expect.poll(() => team.show(name)).toMatchObject({ status: 'ready', oauth: { login: 'active' } })
  })
})

/** As somebody does there who takes the access away. */
async function revokeAll(
  { provider }: Awaited<ReturnType<typeof startAuthorizationServer>>,
  exchanged: URLSearchParams | undefined,
): Promise<void> {
  const code = await provider.AuthorizationCode.find(exchanged?.get('code') ?? '')
  const grantId = code?.grantId ?? ''
  await provider.RefreshToken.revokeByGrantId(grantId)
  await provider.AccessToken.revokeByGrantId(grantId)
  await (await provider.Grant.find(grantId))?.destroy()
}

describe('two replicas', () => {
  it('[M28] renew a login once, so that no refresh token is used twice', async (context) => {
    await using postgres = await startPostgres()
    if (postgres === undefined) return context.skip('there is no PostgreSQL to run on')
    const env = {
      MCPGW_DATABASE_URL: await postgres.url(),
      MCPGW_MASTER_KEY: randomBytes(32).toString('base64'),
    }
    await using first = await ControlPlane.start({ env })
    await using second = await ControlPlane.start({ env })
    await using authorization = await startAuthorizationServer({ accessTokenS: SHORT_S })
    await using server = await startProtectedServer(authorization)
    const here = await TeamWorkspace.open(first)
    const there = here.at(second)
    await here.add('notes', server.url)
    // Begun at the one replica, ended at the other.
    expect((await there.finish(await here.comeBack('notes'))).status).toBe(200)
    for (const replica of [here, there]) {
      await expect.poll(() => replica.show('notes'), { timeout: 30_000 }).toMatchObject({ status: 'ready' })
    }
    const until = Date.now() + 5_500
    while (Date.now() < until) {
      const answers = await Promise.all([here.call('notes__hello'), there.call('notes__hello')])
      for (const answer of answers) expect(answer).toContain('hello')
    }
    const used = authorization.refreshes().map((form) => form.get('refresh_token'))
    expect(used.length).toBeGreaterThan(0)
    expect(new Set(used).size).toBe(used.length)
    expect(await here.show('notes')).toMatchObject({ status: 'ready', oauth: { login: 'active' } })
  })
})
