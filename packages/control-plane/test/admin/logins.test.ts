import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hashToken } from '../../src/access/token-format.ts'
import {
  acceptInvite,
  approveCodeLogin,
  beginDeviceLogin,
  decideDeviceLogin,
  describeDeviceLogin,
  describeInvite,
  type IssuedLogin,
  pollDeviceLogin,
  redeemCode,
} from '../../src/manage/logins.ts'
import type { Role } from '../../src/model/role.ts'
import { type Installation, openInstallation } from './installation.ts'

const REDIRECT = 'http://127.0.0.1:4711/callback'
const VERIFIER = randomBytes(32).toString('base64url')
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const REFUSED = { code: 'unauthenticated', message: 'This token or invite does not open this workspace.' }
const BAD_CODE = { code: 'unauthenticated', message: 'This code is not accepted.' }

interface Approval {
  proof: string
  role?: Role
  workspace?: string
  deviceName?: string
}

async function approve({ manage }: Installation, approval: Approval): Promise<string> {
  const shape = { codeChallenge: CHALLENGE, redirectUri: REDIRECT, clientId: 'mcpgw' }
  const { code } = await approveCodeLogin(manage, {
    workspace: 'acme',
    deviceName: 'laptop',
    ...shape,
    ...approval,
  })
  return code
}

function redeem({ manage }: Installation, code: string, more: object = {}): Promise<IssuedLogin> {
  const usual = { redirectUri: REDIRECT, clientId: 'mcpgw', codeVerifier: VERIFIER }
  return redeemCode(manage, { code, ...usual, ...more })
}

async function login(gateway: Installation, approval: Approval): Promise<IssuedLogin> {
  return redeem(gateway, await approve(gateway, approval))
}

async function isGood(gateway: Installation, { token }: { token: string }): Promise<boolean> {
  return (await gateway.askWith(token, 'GET', '/whoami')).status === 200
}

async function idOf({ storage }: Installation, { token }: { token: string }): Promise<string> {
  const { id } = (await storage.tokens.byHash(hashToken(token))) ?? {}
  if (id === undefined) throw new Error('no such token')
  return id
}

/** The management rows of a workspace, oldest first, without what differs from run to run. */
async function loginRows({ storage }: Installation, workspaceId: string) {
  const rows = await storage.audit.read(workspaceId, 0, 100)
  return rows
    .filter(({ method }) => method.startsWith('login.'))
    .map(({ method, tokenId, member, shownAs, outcome }) => [method, tokenId, member, shownAs, outcome])
}

async function invite(gateway: Installation, more: object = {}): Promise<{ id: string; link: string }> {
  const body = { member: 'mia', role: 'readonly', ...more }
  const made = await gateway.ask('admin', 'POST', '/workspaces/acme/invites', body)
  if (made.status !== 201) throw new Error(made.text)
  return made.body
}

describe('a login in the browser', () => {
  it('gives a token of its own for the same member, named after the device', async () => {
    await using gateway = await openInstallation()
    gateway.time.now += 1
    const issued = await login(gateway, { proof: ` ${gateway.secrets.developer}\n`, deviceName: 'büro "1"' })
    expect(issued).toEqual({
      token: expect.stringMatching(/^mcpgw_/),
      workspace: 'acme',
      role: 'developer',
      member: 'dev',
    })
    expect((await gateway.askWith(issued.token, 'GET', '/whoami')).body).toEqual({
      role: 'developer',
      member: 'dev',
      tokenName: 'büro "1"',
      actions: expect.arrayContaining(['tool.use']),
      workspace: 'acme',
    })
    const { items } = (await gateway.ask('admin', 'GET', '/workspaces/acme/tokens')).body
    expect(items[0]).toMatchObject({ name: 'büro "1"', member: 'dev', parentId: 't-dev' })
    expect(items.find(({ id }: { id: string }) => id === 't-dev')).not.toHaveProperty('parentId')
  })

  it('takes over the rules and the end of the token that proves it', async () => {
    await using gateway = await openInstallation()
    const rules = { servers: { allow: ['notes'] }, readOnlyTools: true }
    const wanted = { name: 'x', member: 'mia', role: 'developer', rules, expiresIn: 3600 }
    const { token, expiresAt } = (await gateway.ask('admin', 'POST', '/workspaces/acme/tokens', wanted)).body
    const issued = await login(gateway, { proof: token })
    expect(issued.expiresAt).toBe(Date.parse(expiresAt))
    expect((await gateway.storage.tokens.byHash(hashToken(issued.token)))?.rules).toEqual(rules)
    gateway.time.now += 3_600_000
    expect(await isGood(gateway, issued)).toBe(false)
  })

  it.each<['owner' | 'admin' | 'developer' | 'readonly', Role | undefined, Role | 'forbidden']>([
    ['owner', undefined, 'developer'],
    ['owner', 'admin', 'admin'],
    ['owner', 'owner', 'forbidden'],
    ['admin', undefined, 'developer'],
    ['admin', 'admin', 'admin'],
    ['admin', 'owner', 'forbidden'],
    ['developer', 'admin', 'forbidden'],
    ['developer', 'readonly', 'readonly'],
    ['readonly', undefined, 'readonly'],
    ['readonly', 'developer', 'forbidden'],
  ])('of an %s who chooses %s gives %s', async (caller, role, expected) => {
    await using gateway = await openInstallation()
    const proof = gateway.secrets[caller]
    const given = login(gateway, { proof, ...(role === undefined ? {} : { role }) })
    if (expected === 'forbidden') await expect(given).rejects.toMatchObject({ code: 'forbidden' })
    else expect(await given).toMatchObject({ role: expected })
  })

  it('is refused alike for whatever is wrong with the proof, and tells nobody which workspaces there are', async () => {
    await using gateway = await openInstallation()
    const { secrets } = gateway
    await gateway.storage.tokens.revoke('t-rob', 1)
    const proofs = [
      '',
      'nonsense',
      secrets.developer.slice(0, -1),
      `mcpgw_${'0'.repeat(46)}`,
      secrets.readonly,
    ]
    const attempts = [
      ...[...proofs, secrets.foreignAdmin].map((proof) => ({ proof, workspace: 'acme' })),
      ...[secrets.developer, secrets.owner, 'nonsense'].map((proof) => ({ proof, workspace: 'nowhere' })),
      { proof: (await invite(gateway)).link, workspace: 'other' },
    ]
    for (const attempt of attempts) await expect(approve(gateway, attempt)).rejects.toMatchObject(REFUSED)
  })

  it('is for those who know what the client does: other address, other secret, other workspace are refused', async () => {
    await using gateway = await openInstallation()
    const code = await approve(gateway, { proof: gateway.secrets.developer })
    const refused = (more: object) => expect(redeem(gateway, code, more)).rejects
    await refused({ redirectUri: `${REDIRECT}/` }).toMatchObject(BAD_CODE)
    await refused({ codeVerifier: '' }).toMatchObject(BAD_CODE)
    await refused({ codeVerifier: CHALLENGE }).toMatchObject(BAD_CODE)
    await refused({ code: `${code}x` }).toMatchObject(BAD_CODE)
    await refused({ workspace: 'other' }).toMatchObject({ code: 'not_found' })
    expect(await redeem(gateway, code, { workspace: 'acme' })).toMatchObject({ workspace: 'acme' })
  })

  it('is over after a minute', async () => {
    await using gateway = await openInstallation()
    const code = await approve(gateway, { proof: gateway.secrets.developer })
    gateway.time.now += 60_000
    await expect(redeem(gateway, code)).rejects.toMatchObject(BAD_CODE)
  })

  it('comes to nothing when the token behind it is revoked, rotated or over before the code is used', async () => {
    await using gateway = await openInstallation()
    const { secrets, time } = gateway
    const tokens = '/workspaces/acme/tokens'
    const [first, second] = [
      await approve(gateway, { proof: secrets.developer }),
      await approve(gateway, { proof: secrets.admin }),
    ]
    await gateway.ask('owner', 'DELETE', `${tokens}/t-dev`)
    await expect(redeem(gateway, first)).rejects.toMatchObject(BAD_CODE)
    await gateway.ask('owner', 'POST', `${tokens}/t-ada/rotate`)
    await expect(redeem(gateway, second)).rejects.toMatchObject(BAD_CODE)
    const short = { name: 'x', member: 'mia', role: 'admin', expiresIn: 60 }
    const { token } = (await gateway.ask('owner', 'POST', tokens, short)).body
    time.now += 30_000
    const third = await approve(gateway, { proof: token })
    time.now += 30_000
    await expect(redeem(gateway, third)).rejects.toMatchObject(BAD_CODE)
  })

  it('gives one token to twenty who come at once with the code, and ends it because they did', async () => {
    await using gateway = await openInstallation()
    const code = await approve(gateway, { proof: gateway.secrets.developer })
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => redeem(gateway, code)))
    const given = all.filter((each) => each.status === 'fulfilled').map(({ value }) => value)
    expect(given).toHaveLength(1)
    for (const each of all)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'unauthenticated' })
    expect(await Promise.all(given.map((issued) => isGood(gateway, issued)))).toEqual([false])
  })

  it('ends the token it gave when the code comes back, even after the code was over', async () => {
    await using gateway = await openInstallation()
    const code = await approve(gateway, { proof: gateway.secrets.developer })
    const issued = await redeem(gateway, code)
    expect(await isGood(gateway, issued)).toBe(true)
    gateway.time.now += 61_000
    await expect(redeem(gateway, code, { codeVerifier: '' })).rejects.toMatchObject(BAD_CODE)
    expect(await isGood(gateway, issued)).toBe(false)
    await expect(redeem(gateway, code)).rejects.toMatchObject(BAD_CODE)
  })

  it.each(['', 'x'.repeat(101), 'two\nlines', '\u001b[31m'])(
    'refuses the device name %j',
    async (deviceName) => {
      await using gateway = await openInstallation()
      const attempt = approve(gateway, { proof: gateway.secrets.developer, deviceName })
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_request' })
    },
  )

  it('leaves a row for every token, and for every good token that was refused', async () => {
    await using gateway = await openInstallation()
    const { secrets } = gateway
    const { token } = await login(gateway, { proof: secrets.developer, deviceName: 'one' })
    await approve(gateway, { proof: secrets.developer, deviceName: 'two', role: 'admin' }).catch(() => {})
    await approve(gateway, { proof: secrets.developer, deviceName: 'three', workspace: 'other' }).catch(
      () => {},
    )
    await approve(gateway, { proof: secrets.owner, deviceName: 'four', workspace: 'nowhere' }).catch(() => {})
    await approve(gateway, { proof: 'nonsense', deviceName: 'five' }).catch(() => {})
    expect(await loginRows(gateway, 'w-acme')).toEqual([
      ['login.code', 't-dev', 'dev', 'one', 'ok'],
      ['login.code', 't-dev', 'dev', 'two', 'denied'],
      ['login.code', 't-dev', 'dev', 'three', 'denied'],
    ])
    expect(await loginRows(gateway, 'w-other')).toEqual([])
    expect(await loginRows(gateway, 'installation')).toEqual([
      ['login.code', 't-olga', 'olga', 'four', 'denied'],
    ])
    const [first] = await gateway.storage.audit.read('w-acme', 0, 1)
    expect(first?.tool).toBe(await idOf(gateway, { token }))
    expect(JSON.stringify(await gateway.storage.audit.read('w-acme', 0, 100))).not.toContain('mcpgw_')
  })
})

describe('what came from a token', () => {
  it.each(['revoked', 'rotated'])('ends with it when it is %s, however far away', async (how) => {
    await using gateway = await openInstallation()
    const child = await login(gateway, { proof: gateway.secrets.developer })
    const grandchild = await login(gateway, { proof: child.token })
    const stranger = await login(gateway, { proof: gateway.secrets.admin })
    expect(await Promise.all([child, grandchild, stranger].map((each) => isGood(gateway, each)))).toEqual([
      true,
      true,
      true,
    ])
    const path = '/workspaces/acme/tokens/t-dev'
    await (how === 'revoked'
      ? gateway.ask('admin', 'DELETE', path)
      : gateway.ask('admin', 'POST', `${path}/rotate`))
    expect(await Promise.all([child, grandchild, stranger].map((each) => isGood(gateway, each)))).toEqual([
      false,
      false,
      true,
    ])
    await expect(approve(gateway, { proof: grandchild.token })).rejects.toMatchObject(REFUSED)
  })

  it('ends with an owner token that let it in', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('owner', 'POST', '/tokens', { name: 'other', member: 'otto' })
    const child = await login(gateway, { proof: gateway.secrets.owner, role: 'admin' })
    expect((await gateway.ask('owner', 'DELETE', '/tokens/t-olga')).status).toBe(204)
    expect(await isGood(gateway, child)).toBe(false)
  })

  it('leaves what it came from alone when it ends', async () => {
    await using gateway = await openInstallation()
    const child = await login(gateway, { proof: gateway.secrets.developer })
    await gateway.ask('admin', 'DELETE', `/workspaces/acme/tokens/${await idOf(gateway, child)}`)
    expect(await isGood(gateway, child)).toBe(false)
    expect((await gateway.ask('developer', 'GET', '/whoami')).status).toBe(200)
  })

  it('cannot be rotated to outlive it', async () => {
    await using gateway = await openInstallation()
    const tokens = '/workspaces/acme/tokens'
    const wanted = { name: 'x', member: 'mia', role: 'developer', expiresIn: 3600 }
    const { token } = (await gateway.ask('admin', 'POST', tokens, wanted)).body
    const child = await login(gateway, { proof: token })
    const rotate = async (body: object) => {
      const { items } = (await gateway.ask('admin', 'GET', tokens)).body
      const { id } = items.find(({ parentId }: { parentId?: string }) => parentId !== undefined)
      return gateway.ask('admin', 'POST', `${tokens}/${id}/rotate`, body)
    }
    const refused = await rotate({ expiresIn: 3601 })
    expect([refused.status, refused.body.fix]).toEqual([
      409,
      expect.stringContaining('2026-01-31T13:00:00.000Z'),
    ])
    expect(await isGood(gateway, child)).toBe(true)
    expect((await rotate({ expiresIn: 600 })).status).toBe(201)
    expect((await rotate({})).status).toBe(201)
  })
})

describe('a login on a device without a browser', () => {
  const begin = ({ manage }: Installation, workspace = 'acme') =>
    beginDeviceLogin(manage, { workspace, deviceName: 'box', address: '127.0.0.1' })

  it('[T15] waits, is approved and gives its token once', async () => {
    await using gateway = await openInstallation()
    const { manage, secrets, time } = gateway
    const begun = await begin(gateway)
    expect(begun).toEqual({
      deviceCode: expect.stringMatching(/^[\w-]{43}$/),
      userCode: expect.stringMatching(/^[B-Z]{4}-[B-Z]{4}$/),
      expiresInS: 600,
      intervalS: 5,
    })
    const { deviceCode } = begun
    expect(await pollDeviceLogin(manage, begun)).toEqual({ state: 'pending' })
    const userCode = begun.userCode.toLowerCase().replace('-', ' ')
    expect(await describeDeviceLogin(manage, { userCode })).toEqual({
      workspace: 'acme',
      deviceName: 'box',
      address: '127.0.0.1',
      requestedAt: time.now,
      expiresAt: time.now + 600_000,
    })
    await decideDeviceLogin(manage, { userCode, approve: true, proof: secrets.admin, role: 'readonly' })
    await expect(describeDeviceLogin(manage, begun)).rejects.toMatchObject({ code: 'not_found' })
    time.now += 5_000
    const polled = await pollDeviceLogin(manage, { deviceCode })
    if (polled.state !== 'issued') throw new Error(polled.state)
    expect(polled.login).toMatchObject({ workspace: 'acme', role: 'readonly', member: 'ada' })
    expect(await isGood(gateway, polled.login)).toBe(true)
    expect(await loginRows(gateway, 'w-acme')).toEqual([['login.device', 't-ada', 'ada', 'box', 'ok']])
    time.now += 5_000
    await expect(pollDeviceLogin(manage, { deviceCode })).rejects.toMatchObject(BAD_CODE)
    expect(await isGood(gateway, polled.login)).toBe(false)
  })

  it('is told to slow down when it asks too often, and waits longer from then on', async () => {
    await using gateway = await openInstallation()
    const begun = await begin(gateway)
    const states: string[] = []
    for (const waitMs of [0, 5_000, 4_000, 5_000, 14_499, 19_500]) {
      gateway.time.now += waitMs
      states.push((await pollDeviceLogin(gateway.manage, begun)).state)
    }
    expect(states).toEqual(['pending', 'pending', 'slow_down', 'slow_down', 'slow_down', 'pending'])
  })

  it('[T15] gives one token to twenty who ask at once, and the others are told to slow down', async () => {
    await using gateway = await openInstallation()
    const begun = await begin(gateway)
    await decideDeviceLogin(gateway.manage, { ...begun, approve: true, proof: gateway.secrets.developer })
    const all = await Promise.all(Array.from({ length: 20 }, () => pollDeviceLogin(gateway.manage, begun)))
    const given = all.flatMap((each) => (each.state === 'issued' ? [each.login] : []))
    expect(all.filter(({ state }) => state === 'slow_down')).toHaveLength(19)
    expect(await Promise.all(given.map((issued) => isGood(gateway, issued)))).toEqual([true])
  })

  it('is denied for good', async () => {
    await using gateway = await openInstallation()
    const { manage, secrets } = gateway
    const begun = await begin(gateway)
    await decideDeviceLogin(manage, { ...begun, approve: false })
    const again = decideDeviceLogin(manage, { ...begun, approve: true, proof: secrets.admin })
    await expect(again).rejects.toMatchObject({ code: 'not_found' })
    expect(await pollDeviceLogin(manage, begun)).toEqual({ state: 'denied' })
  })

  it('is over after ten minutes, on both sides', async () => {
    await using gateway = await openInstallation()
    const { manage, secrets, time } = gateway
    const [waiting, approved] = [await begin(gateway), await begin(gateway)]
    await decideDeviceLogin(manage, { ...approved, approve: true, proof: secrets.admin })
    time.now += 600_000
    for (const begun of [waiting, approved])
      expect(await pollDeviceLogin(manage, begun)).toEqual({ state: 'expired' })
    const late = decideDeviceLogin(manage, { ...waiting, approve: true, proof: secrets.admin })
    await expect(late).rejects.toMatchObject({ code: 'not_found' })
    time.now += 600_001
    await begin(gateway)
    await expect(pollDeviceLogin(manage, waiting)).rejects.toMatchObject(BAD_CODE)
  })

  it('stays open after a proof that was not good', async () => {
    await using gateway = await openInstallation()
    const { manage, secrets } = gateway
    const begun = await begin(gateway)
    for (const proof of ['nonsense', secrets.foreignAdmin])
      await expect(decideDeviceLogin(manage, { ...begun, approve: true, proof })).rejects.toMatchObject(
        REFUSED,
      )
    const above = decideDeviceLogin(manage, {
      ...begun,
      approve: true,
      proof: secrets.developer,
      role: 'admin',
    })
    await expect(above).rejects.toMatchObject({ code: 'forbidden' })
    await decideDeviceLogin(manage, { ...begun, approve: true, proof: secrets.developer })
    expect((await pollDeviceLogin(manage, begun)).state).toBe('issued')
  })

  it('looks the same for a workspace that does not exist, until somebody approves it', async () => {
    await using gateway = await openInstallation()
    const { manage, secrets } = gateway
    const begun = await begin(gateway, 'nowhere')
    expect(await describeDeviceLogin(manage, begun)).toMatchObject({ workspace: 'nowhere' })
    expect(await pollDeviceLogin(manage, begun)).toEqual({ state: 'pending' })
    const approval = decideDeviceLogin(manage, { ...begun, approve: true, proof: secrets.developer })
    await expect(approval).rejects.toMatchObject(REFUSED)
  })

  it('is not found under a code that is none, nor polled by a code of the browser', async () => {
    await using gateway = await openInstallation()
    const { manage, secrets } = gateway
    for (const userCode of ['', 'BCDF-GHJK', 'AAAA-AAAA', 'x'.repeat(10_000)])
      await expect(describeDeviceLogin(manage, { userCode })).rejects.toMatchObject({ code: 'not_found' })
    const code = await approve(gateway, { proof: secrets.developer })
    await expect(pollDeviceLogin(manage, { deviceCode: code })).rejects.toMatchObject(BAD_CODE)
    const { deviceCode } = await begin(gateway)
    await expect(redeem(gateway, deviceCode)).rejects.toMatchObject(BAD_CODE)
  })

  it('is refused when a hundred wait already from the same address', async () => {
    await using gateway = await openInstallation()
    for (let count = 0; count < 100; count += 1) await begin(gateway)
    await expect(begin(gateway)).rejects.toMatchObject({ code: 'too_many' })
    const elsewhere = { workspace: 'acme', deviceName: 'box', address: '::1' }
    expect(await beginDeviceLogin(gateway.manage, elsewhere)).toBeDefined()
    gateway.time.now += 600_000
    expect(await begin(gateway)).toBeDefined()
  })
})

describe('an invite', () => {
  it('gives one token with its member, role, rules and lifetime', async () => {
    await using gateway = await openInstallation()
    const { manage, time } = gateway
    const rules = { tools: { deny: ['*/rm'] } }
    const { id, link } = await invite(gateway, { rules, tokenExpiresIn: 3600 })
    const told = { workspace: 'acme', member: 'mia', role: 'readonly', expiresAt: time.now + 86_400_000 }
    expect(await describeInvite(manage, { invite: link })).toEqual(told)
    time.now += 1_000
    const issued = await acceptInvite(manage, { invite: link, deviceName: 'phone' })
    expect(issued).toMatchObject({
      workspace: 'acme',
      member: 'mia',
      role: 'readonly',
      expiresAt: time.now + 3_600_000,
    })
    expect(await gateway.storage.tokens.byHash(hashToken(issued.token))).toMatchObject({
      name: 'phone',
      rules,
    })
    expect(await loginRows(gateway, 'w-acme')).toEqual([['login.invite', id, 'mia', 'phone', 'ok']])
    expect(await describeInvite(manage, { invite: link })).toBeUndefined()
    const again = acceptInvite(manage, { invite: link, deviceName: 'phone' })
    await expect(again).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('invite'),
    })
    expect(await isGood(gateway, issued)).toBe(true)
    time.now += 3_600_000
    expect(await isGood(gateway, issued)).toBe(false)
  })

  it('gives one token to twenty who come at once', async () => {
    await using gateway = await openInstallation()
    const { link } = await invite(gateway)
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        acceptInvite(gateway.manage, { invite: link, deviceName: `d${index}` }),
      ),
    )
    const given = all.filter((each) => each.status === 'fulfilled').map(({ value }) => value)
    expect(await Promise.all(given.map((issued) => isGood(gateway, issued)))).toEqual([true])
    for (const each of all)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'unauthenticated' })
  })

  it('is over when its time is, when it is taken back, and with its workspace', async () => {
    await using gateway = await openInstallation()
    const { manage } = gateway
    const refused = (link: string) =>
      expect(acceptInvite(manage, { invite: link, deviceName: 'x' })).rejects.toMatchObject({
        code: 'unauthenticated',
      })
    const [late, taken, last] = [
      await invite(gateway, { expiresIn: 60 }),
      await invite(gateway),
      await invite(gateway),
    ]
    gateway.time.now += 60_000
    await refused(late.link)
    expect(await describeInvite(manage, { invite: late.link })).toBeUndefined()
    expect((await gateway.ask('admin', 'DELETE', `/workspaces/acme/invites/${taken.id}`)).status).toBe(204)
    await refused(taken.link)
    await gateway.ask('owner', 'DELETE', '/workspaces/acme')
    await refused(last.link)
    for (const nonsense of ['', 'x', gateway.secrets.owner]) await refused(nonsense)
  })

  it('proves a login in the browser or on a device once, by its code or its link', async () => {
    await using gateway = await openInstallation()
    const { link } = await invite(gateway)
    const code = link.split('/').at(-1) ?? ''
    gateway.time.now += 1
    const [first, second] = [
      await approve(gateway, { proof: link, role: 'admin' }),
      await approve(gateway, { proof: code }),
    ]
    expect(await redeem(gateway, first)).toMatchObject({ member: 'mia', role: 'readonly' })
    await expect(redeem(gateway, second)).rejects.toMatchObject(BAD_CODE)
    await expect(approve(gateway, { proof: code })).rejects.toMatchObject(REFUSED)
    const { items } = (await gateway.ask('admin', 'GET', '/workspaces/acme/tokens')).body
    expect(items[0]).not.toHaveProperty('parentId')
  })
})
