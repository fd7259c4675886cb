import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Installation, openInstallation } from '../admin/installation.ts'
import { ControlPlane } from '../control-plane.ts'
import { openStream } from '../resilience/open-stream.ts'
import { WireClient } from '../resilience/wire-client.ts'

type Json = Record<string, unknown>

describe('members', () => {
  let installation: Installation
  beforeEach(async () => {
    installation = await openInstallation()
    return () => installation[Symbol.asyncDispose]()
  })

  const issue = (slug: string, member: string, role = 'developer', more: Json = {}) =>
    installation.ask('owner', 'POST', `/workspaces/${slug}/tokens`, { name: 'laptop', member, role, ...more })

  const rows = async (path: string) => (await installation.ask('owner', 'GET', path)).body.items as Json[]

  it('of a workspace are those with a live token, with what they hold', async () => {
    await issue('acme', 'mia')
    const { body: used } = await issue('acme', 'mia', 'admin')
    await installation.askWith(used.token, 'GET', '/whoami')
    const { body: revoked } = await issue('acme', 'gone')
    await installation.ask('owner', 'DELETE', `/workspaces/acme/tokens/${revoked.id}`)
    await issue('acme', 'late', 'developer', { expiresIn: 60 })
    installation.time.now += 61_000
    const { body } = await installation.ask('admin', 'GET', '/workspaces/acme/members')
    expect(body.items).toMatchObject([
      { member: 'ada', roles: ['admin'], tokens: 1 },
      { member: 'dev', roles: ['developer'], tokens: 1, lastUsedAt: null },
      { member: 'mia', roles: ['admin', 'developer'], tokens: 2, lastUsedAt: '2026-01-31T12:00:00.000Z' },
      { member: 'rob', roles: ['readonly'], tokens: 1 },
    ])
  })

  it('come in pages', async () => {
    const first = await installation.ask('admin', 'GET', '/workspaces/acme/members?limit=2')
    const rest = await installation.ask(
      'admin',
      'GET',
      `/workspaces/acme/members?cursor=${first.body.nextCursor}`,
    )
    expect([...first.body.items, ...rest.body.items].map(({ member }) => member)).toEqual([
      'ada',
      'dev',
      'rob',
    ])
  })

  it('leave a workspace in one act: no token of theirs opens it any more, and no invite', async () => {
    const tokens = [await issue('acme', 'mia'), await issue('acme', 'mia', 'admin')]
    const elsewhere = await issue('other', 'mia')
    await installation.ask('owner', 'POST', '/workspaces/acme/invites', { member: 'mia', role: 'developer' })
    const { status, body } = await installation.ask('admin', 'POST', '/workspaces/acme/members/revoke', {
      member: 'mia',
    })
    expect([status, body]).toEqual([200, { revoked: 2 }])
    for (const { body: issued } of tokens)
      expect((await installation.askWith(issued.token, 'GET', '/whoami')).status).toBe(401)
    expect((await installation.askWith(elsewhere.body.token, 'GET', '/whoami')).status).toBe(200)
    expect((await installation.ask('developer', 'GET', '/whoami')).status).toBe(200)
    expect(await rows('/workspaces/acme/invites')).toEqual([])
    expect(await rows('/workspaces/acme/audit?member=ada')).toMatchObject([
      { method: 'member.revoke', tool: 'mia', outcome: 'ok' },
    ])
    const again = await installation.ask('admin', 'POST', '/workspaces/acme/members/revoke', {
      member: 'mia',
    })
    expect(again.body).toEqual({ revoked: 0 })
  })

  it('everywhere are an owner’s to see, with the workspaces they are in', async () => {
    await issue('other', 'ada')
    await issue('other', 'ada')
    const { body } = await installation.ask('owner', 'GET', '/members')
    const named = (name: string) => body.items.find(({ member }: Json) => member === name)
    expect(named('ada')).toMatchObject({
      workspaces: [
        { slug: 'acme', roles: ['admin'], tokens: 1 },
        { slug: 'other', roles: ['developer'], tokens: 2 },
      ],
      ownerTokens: 0,
    })
    expect(named('olga')).toMatchObject({ workspaces: [], ownerTokens: 1 })
  })

  it('leave the installation in one act, with a row in the log of each workspace concerned', async () => {
    const issued = [await issue('acme', 'mia'), await issue('other', 'mia', 'admin')]
    const owner = await installation.ask('owner', 'POST', '/tokens', { name: 'spare', member: 'mia' })
    await installation.storage.workspaces.create({ id: 'w-calm', slug: 'calm', name: 'Calm', createdAt: 0 })
    const { body } = await installation.ask('owner', 'POST', '/members/revoke', { member: 'mia' })
    expect(body).toEqual({ revoked: 3 })
    for (const { body: gone } of [...issued, owner])
      expect((await installation.askWith(gone.token, 'GET', '/whoami')).status).toBe(401)
    for (const slug of ['acme', 'other'])
      expect(await rows(`/workspaces/${slug}/audit?tool=mia`)).toMatchObject([
        { method: 'member.revoke', member: 'olga', outcome: 'ok' },
      ])
    expect(await rows('/workspaces/calm/audit')).toEqual([])
    expect(await rows('/audit?tool=mia')).toMatchObject([{ method: 'member.revoke-everywhere' }])
  })

  it('keep the last owner token, and the answer says so', async () => {
    const spare = await installation.ask('owner', 'POST', '/tokens', { name: 'spare', member: 'olga' })
    const { body } = await installation.ask('owner', 'POST', '/members/revoke', { member: 'olga' })
    expect(body).toEqual({ revoked: 1, kept: { id: 't-olga', name: "olga's token" } })
    expect((await installation.askWith(spare.body.token, 'GET', '/whoami')).status).toBe(401)
    expect((await installation.ask('owner', 'GET', '/whoami')).status).toBe(200)
  })

  it('may be the caller, who is out then', async () => {
    const { body } = await installation.ask('admin', 'POST', '/workspaces/acme/members/revoke', {
      member: 'ada',
    })
    expect(body).toEqual({ revoked: 1 })
    expect((await installation.ask('admin', 'GET', '/whoami')).status).toBe(401)
  })
})

describe('a member who leaves', () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
  })
  afterAll(() => open.disposeAsync())

  it('has what is open ended at once', async () => {
    const { url } = await plane.workspace('team')
    const token = await plane.token('team', { member: 'mia' })
    const client = await WireClient.open(url, token)
    const streams = await Promise.all([
      openStream(url, { headers: { ...client.headers, accept: 'text/event-stream' } }),
      openStream(`${plane.url}/api/v1/workspaces/team/audit/tail`, {
        headers: { authorization: `Bearer ${token}` },
      }),
    ])
    expect(streams.map(({ status }) => status)).toEqual([200, 200])
    await plane.api('POST', '/workspaces/team/members/revoke', { member: 'mia' })
    await Promise.all(streams.map(({ closed }) => closed))
    expect((await plane.tryApi('GET', '/whoami', undefined, token)).status).toBe(401)
  })
})
