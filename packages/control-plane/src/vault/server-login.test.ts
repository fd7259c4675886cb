import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Change } from '../model/change.ts'
import type { Server } from '../model/server.ts'
import type { ServerLogin } from '../model/server-login.ts'
import type { Storage } from '../model/stores.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openVault, type Vault } from './vault.ts'

const LOGIN: ServerLogin = {
  id: 'login-1',
  issuer: 'https://login.example',
  tokenEndpoint: 'https://login.example/token',
  clientId: 'gateway-client',
  clientSecret: 'client-secret-Ja61',
  clientAuth: 'client_secret_post',
  resource: 'https://notes.example/mcp',
  tokens: { access: 'access-token-Zq81', refresh: 'refresh-token-Wk52', obtainedAt: 1, expiresAt: 2 },
}
const RENEWED = { access: 'access-token-Xn37', refresh: 'refresh-token-Vb94', obtainedAt: 3, expiresAt: 4 }

const server: Server = {
  id: 's1',
  workspaceId: 'w1',
  name: 'notes',
  target: {
    kind: 'remote',
    url: 'https://notes.example/mcp',
    transport: 'auto',
    headers: {},
    oauth: { client: 'dynamic' },
  },
  enabled: true,
  prefix: 'always',
  isolation: 'shared',
  tools: {},
  timeoutMs: 1_000,
  createdAt: 0,
  updatedAt: 0,
}

let folder: string
let storage: Storage
let vault: Vault
let told: Change['kind'][]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpgw-vault-'))
  const clock = { now: () => Date.now() }
  const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
  storage = await openStorage({ url: `sqlite:${join(folder, 'test.db')}`, clock })
  await storage.workspaces.create({ id: 'w1', slug: 'acme', name: 'Acme', createdAt: 0 })
  await storage.servers.create(server)
  const { keys, credentials, bus } = storage
  vault = await openVault({ masterKey: randomBytes(32), keys, credentials, bus, clock, random })
  told = []
  bus.subscribe(({ kind }) => void told.push(kind))
})

afterEach(async () => {
  vault[Symbol.dispose]()
  await storage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

it('keeps a login beside the values of a credential, each when the other is replaced', async () => {
  await vault.put(server, { KEY: 'value-of-key-1' })
  await vault.logIn(server, LOGIN)
  await vault.put(server, { KEY: 'value-of-key-2' })
  const open = await vault.credentialFor(server)
  expect(open?.login).toEqual(LOGIN)
  expect([...(open?.values ?? [])]).toEqual([['KEY', 'value-of-key-2']])
})

it('shows nobody more of a login than whether there is one', async () => {
  expect(await vault.describe(server)).toBeUndefined()
  await vault.logIn(server, LOGIN)
  expect(await vault.describe(server)).toMatchObject({ names: [], login: 'active' })
  await vault.renew(server, { login: 'login-1', before: 1, tokens: undefined })
  expect(await vault.describe(server)).toMatchObject({ names: [], login: 'ended' })
  const kept = JSON.stringify(await storage.credentials.byServer('s1'))
  for (const secret of ['access-token', 'refresh-token', 'client-secret']) expect(kept).not.toContain(secret)
})

it('lets no value of a credential stand in the place of a login', async () => {
  for (const name of ['oauth:login', 'oauth:tokens', 'oauth:access_token']) {
    await expect(vault.put(server, { [name]: 'some-other-value' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  }
})

it('takes every secret of a login out of what a server repeats, and nothing that is none', async () => {
  await vault.logIn(server, LOGIN)
  const { scrubber } = (await vault.credentialFor(server)) ?? {}
  const said = JSON.stringify([LOGIN, Buffer.from(`x:${LOGIN.tokens?.access}`).toString('base64')])
  const clean = scrubber?.text(said) ?? ''
  expect(clean).toContain('[redacted:oauth:access_token]')
  expect(clean).toContain('[redacted:oauth:refresh_token]')
  expect(clean).toContain('[redacted:oauth:client_secret]')
  expect(clean).toContain('https://login.example/token')
  expect(clean).not.toContain(Buffer.from('ess-token-Zq').toString('base64').slice(0, 12))
})

it('renews tokens as the same credential for connections, and tells so', async () => {
  await vault.logIn(server, LOGIN)
  expect(await vault.renew(server, { login: 'login-1', before: 1, tokens: RENEWED })).toBe(true)
  expect(await vault.credentialFor(server)).toMatchObject({
    version: 2,
    since: 1,
    login: { tokens: RENEWED },
  })
  await vault.put(server, { KEY: 'value-of-key-1' })
  expect(await vault.credentialFor(server)).toMatchObject({ version: 3, since: 3 })
  expect(told).toEqual(['credential', 'renewal', 'credential'])
})

it('drops renewed tokens of a login that is another one by now, or was removed', async () => {
  await vault.logIn(server, LOGIN)
  await vault.logIn(server, { ...LOGIN, id: 'login-2' })
  expect(await vault.renew(server, { login: 'login-1', before: 1, tokens: RENEWED })).toBe(false)
  expect(await vault.renew(server, { login: 'login-2', before: 7, tokens: RENEWED })).toBe(false)
  expect((await vault.credentialFor(server))?.login?.tokens).toEqual(LOGIN.tokens)
  await vault.remove(server)
  expect(await vault.renew(server, { login: 'login-2', before: 1, tokens: RENEWED })).toBe(false)
  expect(await vault.credentialFor(server)).toBeUndefined()
})

it('does not open a login for the same server at another address', async () => {
  await vault.logIn(server, LOGIN)
  const moved = {
    ...server,
    target: { ...server.target, url: 'https://evil.example/mcp' } as Server['target'],
  }
  await expect(vault.rereadFor(moved)).rejects.toMatchObject({ code: 'credential_unreadable' })
})
