import { describe, expect, it } from 'vitest'
import { isWellFormedToken } from '../../src/access/token-format.ts'
import { openInstallation } from './installation.ts'

const TOKENS = '/workspaces/acme/tokens'
const LAPTOP = { name: 'laptop', member: 'mia', role: 'developer' }

describe('tokens', () => {
  it('are shown once, and open the workspace with their role', async () => {
    await using gateway = await openInstallation()
    const issued = await gateway.ask('admin', 'POST', TOKENS, { ...LAPTOP, expiresIn: 3600 })
    expect(issued.status).toBe(201)
    expect(issued.body).toEqual({
      id: expect.any(String),
      token: expect.any(String),
      name: 'laptop',
      member: 'mia',
      role: 'developer',
      expiresAt: '2026-01-31T13:00:00.000Z',
    })
    expect(isWellFormedToken(issued.body.token)).toBe(true)
    const me = await gateway.askWith(issued.body.token, 'GET', '/whoami')
    expect(me.body).toEqual({
      role: 'developer',
      member: 'mia',
      tokenName: 'laptop',
      actions: expect.arrayContaining(['tool.use']),
      workspace: 'acme',
      expiresAt: '2026-01-31T13:00:00.000Z',
    })
    const listed = await gateway.ask('admin', 'GET', TOKENS)
    expect(listed.text).not.toContain(issued.body.token)
  })

  it('live for ever only when no end is asked for', async () => {
    await using gateway = await openInstallation()
    const issued = await gateway.ask('admin', 'POST', TOKENS, LAPTOP)
    expect(issued.body.expiresAt).toBeNull()
  })

  it('stop when they expire', async () => {
    await using gateway = await openInstallation()
    const { token } = (await gateway.ask('admin', 'POST', TOKENS, { ...LAPTOP, expiresIn: 60 })).body
    gateway.time.now += 60_000
    expect((await gateway.askWith(token, 'GET', '/whoami')).status).toBe(401)
  })

  it('carry rules', async () => {
    await using gateway = await openInstallation()
    const rules = { servers: { allow: ['notes'] }, tools: { deny: ['notes/delete_*'] }, readOnlyTools: true }
    const { id } = (await gateway.ask('admin', 'POST', TOKENS, { ...LAPTOP, rules })).body
    expect((await gateway.storage.tokens.byId(id))?.rules).toEqual(rules)
    expect((await gateway.ask('admin', 'GET', TOKENS)).body.items).toContainEqual(
      expect.objectContaining({ id, rules }),
    )
  })

  it('are rotated: the old one stops as the new one starts', async () => {
    await using gateway = await openInstallation()
    const old = (await gateway.ask('admin', 'POST', TOKENS, { ...LAPTOP, expiresIn: 3600 })).body
    const renewed = await gateway.ask('admin', 'POST', `${TOKENS}/${old.id}/rotate`)
    expect(renewed.body).toEqual({ ...old, token: expect.any(String) })
    expect((await gateway.askWith(old.token, 'GET', '/whoami')).status).toBe(401)
    expect((await gateway.askWith(renewed.body.token, 'GET', '/whoami')).status).toBe(200)
  })

  it('need a new end when rotated after they expired', async () => {
    await using gateway = await openInstallation()
    const old = (await gateway.ask('admin', 'POST', TOKENS, { ...LAPTOP, expiresIn: 60 })).body
    gateway.time.now += 120_000
    expect((await gateway.ask('admin', 'POST', `${TOKENS}/${old.id}/rotate`)).status).toBe(409)
    const renewed = await gateway.ask('admin', 'POST', `${TOKENS}/${old.id}/rotate`, { expiresIn: 60 })
    expect((await gateway.askWith(renewed.body.token, 'GET', '/whoami')).status).toBe(200)
  })

  it('are revoked at once, and revoking again changes nothing', async () => {
    await using gateway = await openInstallation()
    const { id, token } = (await gateway.ask('admin', 'POST', TOKENS, LAPTOP)).body
    expect((await gateway.askWith(token, 'GET', '/whoami')).status).toBe(200)
    expect((await gateway.ask('admin', 'DELETE', `${TOKENS}/${id}`)).status).toBe(204)
    expect((await gateway.askWith(token, 'GET', '/whoami')).status).toBe(401)
    gateway.time.now += 1000
    expect((await gateway.ask('admin', 'DELETE', `${TOKENS}/${id}`)).status).toBe(204)
    const listed = (await gateway.ask('admin', 'GET', TOKENS)).body.items
    expect(listed).toContainEqual(expect.objectContaining({ id, revokedAt: '2026-01-31T12:00:00.000Z' }))
    expect((await gateway.ask('admin', 'POST', `${TOKENS}/${id}/rotate`)).status).toBe(409)
  })

  it.each([
    ['an owner', { ...LAPTOP, role: 'owner' }, '"role" must be one of "admin", "developer", "readonly".'],
    [
      'a field of ours',
      { ...LAPTOP, hash: 'x', workspaceId: 'w-other' },
      'Unknown field "hash", "workspaceId".',
    ],
    ['too short a life', { ...LAPTOP, expiresIn: 5 }, '"expiresIn" must be at least 60 seconds.'],
    ['half a second', { ...LAPTOP, expiresIn: 60.5 }, '"expiresIn" must be a whole number.'],
    ['no member', { name: 'x', role: 'admin' }, '"member" is required.'],
    [
      'an escape sequence',
      { ...LAPTOP, member: '\u001b[31m' },
      '"member" must be one line without control characters.',
    ],
    ['a rule that is none', { ...LAPTOP, rules: { tool: {} } }, 'Unknown field "rules.tool".'],
  ])('are refused with %s', async (_what, body, detail) => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('admin', 'POST', TOKENS, body)
    expect([refused.status, refused.body.detail]).toEqual([400, detail])
  })

  it('come in pages, and each of them once', async () => {
    await using gateway = await openInstallation()
    for (let count = 0; count < 5; count += 1) await gateway.ask('admin', 'POST', TOKENS, LAPTOP)
    const ids: string[] = []
    let cursor = ''
    do {
      const { body } = await gateway.ask('admin', 'GET', `${TOKENS}?limit=3${cursor}`)
      ids.push(...body.items.map((item: { id: string }) => item.id))
      cursor = body.nextCursor === undefined ? '' : `&cursor=${body.nextCursor}`
    } while (cursor !== '')
    expect(ids.length).toBe(8)
    expect(new Set(ids).size).toBe(8)
  })

  it.each(['cursor=nonsense', 'limit=0', 'limit=501', 'limit=x', 'page=2', 'limit=1&limit=2'])(
    'are not listed with ?%s',
    async (query) => {
      await using gateway = await openInstallation()
      expect((await gateway.ask('admin', 'GET', `${TOKENS}?${query}`)).status).toBe(400)
    },
  )
})

describe('owner tokens', () => {
  it('are issued by owners and open everything', async () => {
    await using gateway = await openInstallation()
    const issued = await gateway.ask('owner', 'POST', '/tokens', { name: 'ci', member: 'robot' })
    expect(issued.body).toMatchObject({ role: 'owner', member: 'robot' })
    expect((await gateway.askWith(issued.body.token, 'GET', '/workspaces')).body.items.length).toBe(2)
    expect((await gateway.ask('owner', 'GET', '/tokens')).body.items.length).toBe(2)
  })

  it('stay when it is the last one', async () => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('owner', 'DELETE', '/tokens/t-olga')
    expect([refused.status, refused.body.detail]).toEqual([409, 'This is the last owner token.'])
    await gateway.ask('owner', 'POST', '/tokens', { name: 'ci', member: 'robot' })
    expect((await gateway.ask('owner', 'DELETE', '/tokens/t-olga')).status).toBe(204)
    expect((await gateway.ask('owner', 'GET', '/whoami')).status).toBe(401)
  })

  it("are not found among a workspace's tokens, nor those among the owners'", async () => {
    await using gateway = await openInstallation()
    expect((await gateway.ask('owner', 'DELETE', `${TOKENS}/t-olga`)).status).toBe(404)
    expect((await gateway.ask('owner', 'DELETE', '/tokens/t-ada')).status).toBe(404)
  })
})
