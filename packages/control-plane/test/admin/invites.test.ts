import { describe, expect, it } from 'vitest'
import { acceptInvite } from '../../src/manage/logins.ts'
import { openInstallation } from './installation.ts'

const INVITES = '/workspaces/acme/invites'
const TOKENS = '/workspaces/acme/tokens'
const MIA = { member: 'mia', role: 'developer' }

describe('invites', () => {
  it('are links on the public address, shown once and stored as a hash', async () => {
    await using gateway = await openInstallation()
    const made = await gateway.ask('admin', 'POST', INVITES, MIA)
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      id: expect.any(String),
      link: expect.stringMatching(/^https:\/\/gateway\.example\/invite\/[\w-]{43}$/),
      member: 'mia',
      role: 'developer',
      expiresAt: '2026-02-01T12:00:00.000Z',
    })
    const code = made.body.link.split('/').at(-1)
    const listed = await gateway.ask('admin', 'GET', INVITES)
    const rows = await gateway.storage.audit.read('w-acme', 0, 10)
    for (const text of [
      listed.text,
      JSON.stringify(await gateway.storage.invites.list('w-acme', { limit: 9 })),
      JSON.stringify(rows),
    ])
      expect(text).not.toContain(code)
    expect(rows).toMatchObject([
      { method: 'invite.create', tool: made.body.id, shownAs: 'mia', outcome: 'ok' },
    ])
  })

  it('are listed with what became of them', async () => {
    await using gateway = await openInstallation()
    const make = async (more: object) =>
      (await gateway.ask('admin', 'POST', INVITES, { ...MIA, ...more })).body
    await make({ expiresIn: 60 })
    gateway.time.now += 1
    const used = await make({ tokenExpiresIn: 3600 })
    gateway.time.now += 1
    await make({ rules: { readOnlyTools: true }, expiresIn: 30 * 86_400 })
    await acceptInvite(gateway.manage, { invite: used.link, deviceName: 'phone' })
    gateway.time.now += 60_000
    const { items } = (await gateway.ask('admin', 'GET', INVITES)).body
    expect(items).toMatchObject([
      { state: 'open', usedAt: null, rules: { readOnlyTools: true } },
      {
        state: 'used',
        usedAt: '2026-01-31T12:00:00.002Z',
        tokenExpiresIn: 3600,
        tokenId: expect.any(String),
      },
      { state: 'expired', usedAt: null },
    ])
    expect((await gateway.ask('admin', 'GET', `${INVITES}?limit=2`)).body.items).toEqual(items.slice(0, 2))
  })

  it.each([
    ['an owner', { ...MIA, role: 'owner' }, '"role" must be one of "admin", "developer", "readonly".'],
    [
      'more than 30 days',
      { ...MIA, expiresIn: 30 * 86_400 + 1 },
      '"expiresIn" must be at most 30 days, in seconds.',
    ],
    ['less than a minute', { ...MIA, expiresIn: 59 }, '"expiresIn" must be at least 60 seconds.'],
    ['no member', { role: 'admin' }, '"member" is required.'],
    ['a field of ours', { ...MIA, hash: 'x', usedAt: 0 }, 'Unknown field "hash", "usedAt".'],
  ])('are refused with %s', async (_what, body, detail) => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('admin', 'POST', INVITES, body)
    expect([refused.status, refused.body.detail]).toEqual([400, detail])
  })
})

describe('a token that is limited by rules', () => {
  const rules = { servers: { allow: ['notes'] }, tools: { deny: ['*/rm', '*/mv'] } }
  const sameRules = { tools: { deny: ['*/mv', '*/rm'] }, servers: { allow: ['notes'], deny: [] } }

  async function openLimited() {
    const gateway = await openInstallation()
    const limited = { name: 'limited', member: 'lea', role: 'admin', rules }
    const { token } = (await gateway.ask('admin', 'POST', TOKENS, limited)).body
    const ask = (method: string, path: string, body?: unknown) => gateway.askWith(token, method, path, body)
    return { ask, gateway, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() }
  }

  it.each([
    ['token', TOKENS, { name: 'x', ...MIA }],
    ['invite', INVITES, MIA],
  ])('gives out no %s but with the same rules', async (_what, path, body) => {
    await using limited = await openLimited()
    for (const other of [
      {},
      { servers: { allow: ['notes'] } },
      { ...rules, servers: { allow: ['notes', 'crm'] } },
    ]) {
      const refused = await limited.ask('POST', path, { ...body, rules: other })
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
      expect(refused.body.fix).toContain('"notes"')
    }
    expect((await limited.ask('POST', path, body)).status).toBe(403)
    expect((await limited.ask('POST', path, { ...body, rules: sameRules })).status).toBe(201)
  })

  it("does not get hold of another one's rights by rotating it", async () => {
    await using limited = await openLimited()
    expect((await limited.ask('POST', `${TOKENS}/t-ada/rotate`)).status).toBe(403)
    expect((await limited.gateway.ask('admin', 'GET', '/whoami')).status).toBe(200)
    expect((await limited.ask('DELETE', `${TOKENS}/t-dev`)).status).toBe(204)
  })
})
