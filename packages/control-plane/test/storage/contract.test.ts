import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { AuditRow } from '../../src/model/audit-row.ts'
import type { Change } from '../../src/model/change.ts'
import type { ClientSeen } from '../../src/model/client-seen.ts'
import type { ClientFilter, Page, PageRequest, Redemption, Storage } from '../../src/model/stores.ts'
import type { Token } from '../../src/model/token.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { startPostgres } from '../postgres.ts'
import {
  isWholeChain,
  link,
  sampleCredential,
  sampleDeviceLogin,
  sampleEntry,
  sampleInvite,
  sampleSegment,
  sampleServer,
  sampleSession,
  sampleToken,
  sampleWorkspace,
} from './samples.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-storage-'))
const postgres = await startPostgres()
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await postgres?.[Symbol.asyncDispose]()
})

let files = 0
const databases = [
  { name: 'SQLite', freshUrl: async () => `sqlite:${join(folder, `${files++}.db`)}` },
  // Without a PostgreSQL to start, the harness has warned why.
  ...(postgres === undefined ? [] : [{ name: 'PostgreSQL', freshUrl: () => postgres.url() }]),
]

const clock = { now: () => 1_700_000_000_000 }

if (postgres === undefined) {
  it.skip('keeps the same promises on PostgreSQL: none could be started, see the warning', () => {})
}

describe.each(databases)('storage on $name', ({ freshUrl }) => {
  const open = async () => openStorage({ url: await freshUrl(), clock })

  describe('workspaces', () => {
    it('gives back what was created, by slug and by id', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      expect(await storage.workspaces.bySlug('slug-w')).toEqual(sampleWorkspace('w'))
      expect(await storage.workspaces.byId('w')).toEqual(sampleWorkspace('w'))
      expect(await storage.workspaces.byId('other')).toBeUndefined()
    })

    it('refuses a slug that is taken', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      const second = { ...sampleWorkspace('v'), slug: 'slug-w' }
      await expect(storage.workspaces.create(second)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('renames one, and says when it is gone', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.workspaces.rename('w', 'Ωmega')
      expect((await storage.workspaces.byId('w'))?.name).toBe('Ωmega')
      await expect(storage.workspaces.rename('v', 'x')).rejects.toMatchObject({ code: 'not_found' })
    })

    it('keeps what is said of its log', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.workspaces.configureAudit('w', { capture: true, retentionDays: 30 })
      expect((await storage.workspaces.byId('w'))?.audit).toEqual({ capture: true, retentionDays: 30 })
      await storage.workspaces.rename('w', 'x')
      await storage.workspaces.configureAudit('w', { capture: false })
      expect(await storage.workspaces.bySlug('slug-w')).toMatchObject({
        name: 'x',
        audit: { capture: false },
      })
      const missing = storage.workspaces.configureAudit('v', { capture: true })
      await expect(missing).rejects.toMatchObject({ code: 'not_found' })
    })

    it('lists all of them in pages, each once and by slug', async () => {
      await using storage = await open()
      for (const id of ['b', 'a-b', 'ab', 'a', 'c']) await storage.workspaces.create(sampleWorkspace(id))
      const listed = await allPages(2, (page) => storage.workspaces.list(page))
      expect(listed.map(({ id }) => id)).toEqual(['a', 'a-b', 'ab', 'b', 'c'])
    })

    it('takes servers, credentials, the data key and tokens along when it is removed, but keeps the log', async () => {
      await using storage = await open()
      const kept = await furnish(storage, 'kept')
      const gone = await furnish(storage, 'gone')
      await storage.workspaces.remove('gone')

      expect(await storage.workspaces.byId('gone')).toBeUndefined()
      expect(await storage.servers.all('gone')).toEqual([])
      expect(await storage.servers.verdict(gone.id)).toBeUndefined()
      expect(await storage.tokens.byId('token-gone')).toBeUndefined()
      expect(await storage.keys.names()).toEqual(['workspace:kept'])
      expect(await storage.credentials.all()).toEqual([sampleCredential(kept, 1)])
      expect(await storage.audit.read('gone', 0, 10)).toHaveLength(1)
    })

    it('announces every token, credential and server that goes with it', async () => {
      await using storage = await open()
      const server = await furnish(storage, 'gone')
      const heard = listen(storage)
      await storage.workspaces.remove('gone')
      expect(heard).toEqual([
        { kind: 'token', workspaceId: 'gone', id: 'hash of token-gone' },
        { kind: 'credential', workspaceId: 'gone', id: server.id },
        { kind: 'server', workspaceId: 'gone', id: server.id },
        { kind: 'workspace', workspaceId: 'gone', id: 'gone' },
      ])
    })
  })

  describe('servers', () => {
    it('gives back remote and hosted servers as they were stored', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      const remote = sampleServer('w', 'remote')
      const hosted = {
        ...sampleServer('w', 'hosted'),
        target: { kind: 'hosted' as const, command: 'npx', args: ['-y', 'x'], env: { KEY: '{{KEY}}' } },
        enabled: false,
        tools: {},
      }
      await storage.servers.create(remote)
      await storage.servers.create(hosted)
      expect(await storage.servers.all('w')).toEqual([hosted, remote])
      expect(await storage.servers.byName('w', 'hosted')).toEqual(hosted)
      expect(await storage.servers.byName('other', 'hosted')).toBeUndefined()
    })

    it('keeps what is known of an API beside its server, and lets it go with it', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      const api = {
        ...sampleServer('w', 'api'),
        target: {
          kind: 'openapi' as const,
          url: 'https://api.example/v1',
          headers: { 'X-Team': 'w' },
          credentials: [['USERNAME', 'PASSWORD'], ['API_KEY']],
        },
      }
      await storage.servers.create(api, '{"a plan":"é"}')
      expect(await storage.servers.byName('w', 'api')).toEqual(api)
      expect(await storage.servers.plan(api.id)).toBe('{"a plan":"é"}')
      await storage.servers.update({ ...api, enabled: false })
      expect(await storage.servers.plan(api.id)).toBe('{"a plan":"é"}')
      await storage.servers.remove(api.id)
      expect(await storage.servers.plan(api.id)).toBeUndefined()
    })

    it('refuses a name that is taken in the same workspace only', async () => {
      await using storage = await open()
      for (const id of ['w', 'v']) await storage.workspaces.create(sampleWorkspace(id))
      await storage.servers.create(sampleServer('w', 'git'))
      await storage.servers.create(sampleServer('v', 'git'))
      const second = { ...sampleServer('w', 'git'), id: 'second' }
      await expect(storage.servers.create(second)).rejects.toMatchObject({ code: 'conflict' })
      await storage.servers.create({ ...second, name: 'other' })
      await expect(storage.servers.update(second)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('refuses a server for a workspace that does not exist', async () => {
      await using storage = await open()
      await expect(storage.servers.create(sampleServer('w', 'git'))).rejects.toMatchObject({
        code: 'not_found',
      })
    })

    it('updates everything but identity and age', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      const server = sampleServer('w', 'git')
      await storage.servers.create(server)
      const changed = { ...server, name: 'renamed', enabled: false, tools: { allow: [] }, updatedAt: 5 }
      await storage.servers.update({ ...changed, createdAt: 9 })
      expect(await storage.servers.all('w')).toEqual([changed])
      const unknown = storage.servers.update({ ...server, id: 'unknown' })
      await expect(unknown).rejects.toMatchObject({ code: 'not_found' })
    })

    it('does not move a server to another workspace', async () => {
      await using storage = await open()
      for (const id of ['w', 'v']) await storage.workspaces.create(sampleWorkspace(id))
      await storage.servers.create(sampleServer('w', 'git'))
      const moved = storage.servers.update({ ...sampleServer('w', 'git'), workspaceId: 'v' })
      await expect(moved).rejects.toMatchObject({ code: 'not_found' })
    })

    it('remembers a verdict until the target changes, and announces none', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      const server = sampleServer('w', 'git')
      await storage.servers.create(server)
      const heard = listen(storage)
      const verdict = { serverId: server.id, era: 'legacy', transport: 'sse', foundAt: 1 } as const
      await storage.servers.saveVerdict({ ...verdict, era: 'modern' })
      await storage.servers.saveVerdict(verdict)
      expect(heard).toEqual([])
      await storage.servers.update({ ...server, enabled: false })
      expect(await storage.servers.verdict(server.id)).toEqual(verdict)
      await storage.servers.update({ ...server, target: { ...server.target, url: 'https://b' } as never })
      expect(await storage.servers.verdict(server.id)).toBeUndefined()
    })

    it('remembers the last offer until the target changes', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      const { servers } = storage
      const server = sampleServer('w', 'git')
      await servers.create(server)
      await servers.saveLastOffer(server.id, '{"tools":[]}')
      await servers.saveLastOffer(server.id, '{"tools":[1]}')
      await servers.update({ ...server, name: 'renamed' })
      expect(await servers.lastOffer(server.id)).toBe('{"tools":[1]}')
      await servers.update({ ...server, target: { kind: 'hosted', command: 'other', args: [], env: {} } })
      expect(await servers.lastOffer(server.id)).toBeUndefined()
      await servers.saveLastOffer('gone', '{}')
      expect(await servers.lastOffer('gone')).toBeUndefined()
    })

    it('lets a verdict on a removed server fall', async () => {
      await using storage = await open()
      await storage.servers.saveVerdict({ serverId: 'gone', era: 'modern', transport: 'stdio', foundAt: 1 })
      expect(await storage.servers.verdict('gone')).toBeUndefined()
    })

    it('takes credential and verdict along when it is removed', async () => {
      await using storage = await open()
      const server = await furnish(storage, 'w')
      const heard = listen(storage)
      await storage.servers.remove(server.id)
      expect(await storage.servers.byName('w', 'git')).toBeUndefined()
      expect(await storage.credentials.byServer(server.id)).toBeUndefined()
      expect(await storage.servers.verdict(server.id)).toBeUndefined()
      expect(heard.map(({ kind }) => kind)).toEqual(['credential', 'server'])
      await storage.servers.remove(server.id)
      expect(heard).toHaveLength(2)
    })
  })

  describe('pins', () => {
    const seen = (tool: string, version: number) => ({
      tool,
      hash: `hash ${version}`,
      definition: JSON.stringify({ name: tool, version }),
    })
    const openWithServer = async () => {
      const storage = await open()
      const server = sampleServer('w', 'git')
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.servers.create(server)
      return { storage, server, [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() }
    }

    it('approve what is seen first of a tool, and nothing that comes after it', async () => {
      await using opened = await openWithServer()
      const { storage, server } = opened
      await storage.credentials.put(sampleCredential(server, 1))
      expect(await storage.pins.recordFirst(server.id, [seen('a', 1)], 1)).toEqual(
        new Map([['a', new Set(['hash 1'])]]),
      )
      const both = new Map([
        ['a', new Set(['hash 1'])],
        ['b', new Set(['hash 2'])],
      ])
      expect(await storage.pins.recordFirst(server.id, [seen('a', 2), seen('b', 2)], 2)).toEqual(both)
      expect(await storage.pins.ofWorkspace('w')).toEqual({
        approved: new Map([[server.id, both]]),
        withCredential: new Set([server.id]),
      })
      expect(await storage.pins.ofWorkspace('other')).toEqual({
        approved: new Map(),
        withCredential: new Set(),
      })
      expect((await storage.pins.ofServer(server.id)).approved).toEqual([
        { ...seen('a', 1), firstSeenAt: 1, approvedAt: 1 },
        { ...seen('b', 2), firstSeenAt: 2, approvedAt: 2 },
      ])
    })

    it('record no more of a server than there is room for, whatever it lists', async () => {
      await using opened = await openWithServer()
      const { storage, server } = opened
      const huge = { ...seen('huge', 1), definition: 'x'.repeat(64 * 1024 * 1024 + 1) }
      expect(await storage.pins.recordFirst(server.id, [huge], 1)).toEqual(new Map())
      const many = (first: number) => Array.from({ length: 10_000 }, (_, at) => seen(`${first + at}`, 1))
      for (const first of [0, 10_000, 20_000]) await storage.pins.recordFirst(server.id, many(first), 1)
      const { approved } = await storage.pins.ofServer(server.id)
      expect(approved).toHaveLength(20_000)
      expect(approved.some(({ tool }) => tool === '20000')).toBe(false)
    })

    it('keep what waits per listing, tell what is new, and forget what is no longer listed', async () => {
      await using opened = await openWithServer()
      const { storage, server } = opened
      await storage.pins.recordFirst(server.id, [seen('a', 1)], 1)
      const replace = (variant: string, found: ReturnType<typeof seen>[], at: number) =>
        storage.pins.replaceChanges(server.id, variant, found, at)
      expect(await replace('', [seen('a', 2), seen('b', 2)], 2)).toEqual(['a', 'b'])
      expect(await replace('', [seen('a', 2)], 3)).toEqual([])
      expect(await replace('roots', [seen('a', 2), seen('a b', 3)], 4)).toEqual(['a b'])
      expect(await replace('', [seen('a', 1)], 5)).toEqual([])
      expect((await storage.pins.ofServer(server.id)).changed).toEqual([
        { ...seen('a', 2), variant: 'roots', since: 2 },
        { ...seen('a b', 3), variant: 'roots', since: 4 },
      ])
    })

    it('approve all that is named or nothing, announce it, and never what does not wait', async () => {
      await using opened = await openWithServer()
      const { storage, server } = opened
      await storage.pins.recordFirst(server.id, [seen('a', 1), seen('b', 1)], 1)
      await storage.pins.replaceChanges(server.id, '', [seen('a', 2), seen('b', 2)], 2)
      await storage.pins.replaceChanges(server.id, 'roots', [seen('a', 2)], 2)
      const heard = listen(storage)
      const wrong = [
        { tool: 'a', hash: 'hash 2' },
        { tool: 'b', hash: 'hash 3' },
      ]
      await expect(storage.pins.approve(server, wrong, 'ada', 3)).rejects.toMatchObject({ code: 'conflict' })
      expect(heard).toEqual([])
      expect((await storage.pins.ofServer(server.id)).changed).toHaveLength(3)

      await storage.pins.approve(server, wrong.slice(0, 1), 'ada', 4)
      expect(heard).toEqual([{ kind: 'server', workspaceId: 'w', id: server.id }])
      const now = await storage.pins.ofServer(server.id)
      expect(now.changed.map(({ tool }) => tool)).toEqual(['b'])
      expect(now.approved.filter(({ tool }) => tool === 'a')).toEqual([
        { ...seen('a', 1), firstSeenAt: 1, approvedAt: 1 },
        { ...seen('a', 2), firstSeenAt: 2, approvedAt: 4, approvedBy: 'ada' },
      ])
      await expect(storage.pins.approve(server, wrong.slice(0, 1), 'ada', 5)).rejects.toMatchObject({
        code: 'conflict',
      })
    })

    it('take every name a tool can have', async () => {
      await using opened = await openWithServer()
      const { storage, server } = opened
      const names = ['nul \0', 'half \ud800', 'quote " \\ \n', 'é 😀', '']
      await storage.pins.recordFirst(
        server.id,
        names.map((name) => seen(name, 1)),
        1,
      )
      await storage.pins.replaceChanges(
        server.id,
        '',
        names.map((name) => seen(name, 2)),
        2,
      )
      for (const tool of names) await storage.pins.approve(server, [{ tool, hash: 'hash 2' }], 'ada', 3)
      const approved = (await storage.pins.ofWorkspace('w')).approved.get(server.id)
      expect(approved).toEqual(new Map(names.map((name) => [name, new Set(['hash 1', 'hash 2'])])))
    })

    it('take as many tools as a server may list', async () => {
      await using opened = await openWithServer()
      const { storage, server } = opened
      const many = Array.from({ length: 10_000 }, (_, at) => seen(`tool ${at}`, at))
      expect((await storage.pins.recordFirst(server.id, many, 1)).size).toBe(10_000)
      const changed = many.map((tool) => ({ ...tool, hash: `new ${tool.hash}` }))
      expect(await storage.pins.replaceChanges(server.id, '', changed, 2)).toHaveLength(10_000)
    })

    it('outlive a change of the server and go with it', async () => {
      await using opened = await openWithServer()
      const { storage, server } = opened
      await storage.pins.recordFirst(server.id, [seen('a', 1)], 1)
      await storage.pins.replaceChanges(server.id, '', [seen('a', 2)], 2)
      await storage.servers.update({ ...server, pin: 'off', prefix: 'never', tools: {} })
      expect(await storage.servers.byName('w', 'git')).toMatchObject({ pin: 'off' })
      expect((await storage.pins.ofServer(server.id)).approved).toHaveLength(1)
      await storage.servers.remove(server.id)
      expect(await storage.pins.ofServer(server.id)).toEqual({ approved: [], changed: [] })
      await expect(storage.pins.recordFirst(server.id, [seen('a', 1)], 3)).rejects.toMatchObject({
        code: 'not_found',
      })
    })
  })

  describe('credentials', () => {
    it('gives the sealed bytes back unchanged, newest version only', async () => {
      await using storage = await open()
      const server = await furnish(storage, 'w')
      await storage.credentials.put(sampleCredential(server, 2))
      expect(await storage.credentials.byServer(server.id)).toEqual(sampleCredential(server, 2))
      expect(await storage.credentials.all('w')).toEqual([sampleCredential(server, 2)])
      expect(await storage.credentials.all('other')).toEqual([])
    })

    it.each([1, 3])('refuses version %i after version 1', async (version) => {
      await using storage = await open()
      const server = await furnish(storage, 'w')
      const putting = storage.credentials.put(sampleCredential(server, version))
      await expect(putting).rejects.toMatchObject({ code: 'conflict' })
    })

    it('lets only one of two writers of the same version win', async () => {
      await using storage = await open()
      const server = await furnish(storage, 'w')
      const puts = [1, 2, 3].map(() => storage.credentials.put(sampleCredential(server, 2)))
      const results = await Promise.allSettled(puts)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('refuses a credential for a server that is gone', async () => {
      await using storage = await open()
      const orphan = sampleCredential(sampleServer('w', 'git'), 1)
      await expect(storage.credentials.put(orphan)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('starts again at version 1 after a removal', async () => {
      await using storage = await open()
      const server = await furnish(storage, 'w')
      await storage.credentials.remove(server.id)
      expect(await storage.credentials.byServer(server.id)).toBeUndefined()
      await storage.credentials.put(sampleCredential(server, 1))
    })
  })

  describe('tokens', () => {
    it('finds a token by hash and by id, with its rules', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      const token = { ...sampleToken('w', 't'), expiresAt: 1_800_000_000_000 }
      await storage.tokens.create(token)
      expect(await storage.tokens.byHash(token.hash)).toEqual(token)
      expect(await storage.tokens.byId('t')).toEqual(token)
      expect(await storage.tokens.byHash('other')).toBeUndefined()
      await expect(storage.tokens.create(token)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('lists a workspace newest first, and owners apart', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      for (const [id, createdAt] of [
        ['a', 5],
        ['b', 7],
        ['c', 5],
        ['d', 1],
      ] as const) {
        await storage.tokens.create(sampleToken('w', id, createdAt))
      }
      await storage.tokens.create(sampleToken(undefined, 'owner'))
      const ids = (await allPages(1, (page) => storage.tokens.list('w', page))).map(({ id }) => id)
      expect(ids).toEqual(['b', 'c', 'a', 'd'])
      expect((await storage.tokens.list(undefined, { limit: 10 })).items).toEqual([
        sampleToken(undefined, 'owner'),
      ])
    })

    it('keeps the moment of the first revocation', async () => {
      await using storage = await open()
      await storage.tokens.create(sampleToken(undefined, 't'))
      await storage.tokens.revoke('t', 10)
      await storage.tokens.revoke('t', 20)
      expect((await storage.tokens.byId('t'))?.revokedAt).toBe(10)
      await expect(storage.tokens.revoke('u', 1)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('stops the old hash as the new one starts, and announces both', async () => {
      await using storage = await open()
      await storage.tokens.create({ ...sampleToken(undefined, 't'), expiresAt: 5 })
      const heard = listen(storage)
      await storage.tokens.replaceHash('t', 'new', undefined, 1)
      expect(await storage.tokens.byHash('hash of t')).toBeUndefined()
      expect(await storage.tokens.byHash('new')).toEqual({ ...sampleToken(undefined, 't'), hash: 'new' })
      expect(heard).toEqual([
        { kind: 'token', id: 'hash of t' },
        { kind: 'token', id: 'new' },
      ])
    })

    it('does not bring a revoked token back by rotating it', async () => {
      await using storage = await open()
      await storage.tokens.create(sampleToken(undefined, 't'))
      await storage.tokens.revoke('t', 10)
      await expect(storage.tokens.replaceHash('t', 'new', 5, 1)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('notes the last use without an announcement, and never backwards', async () => {
      await using storage = await open()
      await storage.tokens.create(sampleToken(undefined, 't'))
      const heard = listen(storage)
      await storage.tokens.touch('t', 20)
      await storage.tokens.touch('t', 10)
      expect((await storage.tokens.byId('t'))?.lastUsedAt).toBe(20)
      expect(heard).toEqual([])
    })

    it('ends every token that came from one when it is revoked, and announces each', async () => {
      await using storage = await open()
      await family(storage)
      const heard = listen(storage)
      await storage.tokens.revoke('child', 10)
      expect(heard.map(({ id }) => id).toSorted()).toEqual(['hash of child', 'hash of grandchild'])
      await storage.tokens.revoke('root', 20)
      expect(await revocations(storage)).toEqual({ root: 20, child: 10, sibling: 20, grandchild: 10 })
      expect(heard.slice(2).map(({ id }) => id)).toEqual(['hash of root', 'hash of sibling'])
      expect((await storage.tokens.byId('stranger'))?.revokedAt).toBeUndefined()
    })

    it('ends every token that came from one when it is rotated, but not the one itself', async () => {
      await using storage = await open()
      await family(storage)
      await storage.tokens.replaceHash('root', 'new', undefined, 30)
      expect(await revocations(storage)).toEqual({ child: 30, sibling: 30, grandchild: 30 })
    })

    it('reaches tokens behind one that had ended before', async () => {
      await using storage = await open()
      await family(storage)
      await storage.tokens.create({ ...sampleToken('w', 'late'), parentId: 'child', revokedAt: 5 })
      await storage.tokens.create({ ...sampleToken('w', 'later'), parentId: 'late' })
      await storage.tokens.revoke('root', 20)
      expect((await storage.tokens.byId('later'))?.revokedAt).toBe(20)
    })

    it('goes with its workspace whatever it came from', async () => {
      await using storage = await open()
      await family(storage)
      await storage.workspaces.remove('w')
      expect(await storage.tokens.byId('grandchild')).toBeUndefined()
      expect(await storage.tokens.byId('root')).toBeDefined()
    })

    it('counts the owners who are not revoked', async () => {
      await using storage = await open()
      expect(await storage.tokens.countOwners()).toBe(0)
      for (const id of ['a', 'b']) await storage.tokens.create(sampleToken(undefined, id))
      await storage.tokens.revoke('a', 1)
      expect(await storage.tokens.countOwners()).toBe(1)
      await storage.sessions.open(sampleSession(undefined, 's', 'b'), 'hash of b', 1)
      expect(await storage.tokens.countOwners()).toBe(1)
    })

    it('lets one first owner be made of many at once, and none afterwards', async () => {
      await using storage = await open()
      const ids = ['a', 'b', 'c', 'd']
      const made = await Promise.allSettled(
        ids.map((id) => storage.tokens.createFirstOwner(sampleToken(undefined, id))),
      )
      expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await storage.tokens.countOwners()).toBe(1)
      const late = storage.tokens.createFirstOwner(sampleToken(undefined, 'late'))
      await expect(late).rejects.toMatchObject({ code: 'conflict' })
    })
  })

  describe('sessions', () => {
    it('are kept and found like tokens, and listed apart', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.tokens.create(sampleToken('w', 't'))
      const session = sampleSession('w', 's', 't')
      const heard = listen(storage)
      await storage.sessions.open(session, 'hash of t', 1)
      expect(heard).toEqual([{ kind: 'token', workspaceId: 'w', id: 'hash of s' }])
      expect(await storage.tokens.byHash(session.hash)).toEqual(session)
      const page = { limit: 10 }
      expect((await storage.tokens.list('w', page)).items).toEqual([sampleToken('w', 't')])
      expect((await storage.tokens.list('w', page, 'session')).items).toEqual([session])
      expect((await storage.tokens.list(undefined, page, 'session')).items).toEqual([])
    })

    it('end with the token they were opened with, and with what that came from', async () => {
      await using storage = await open()
      await family(storage)
      await storage.sessions.open(sampleSession('w', 's', 'grandchild'), 'hash of grandchild', 1)
      await storage.tokens.revoke('root', 20)
      expect((await storage.tokens.byId('s'))?.revokedAt).toBe(20)
    })

    it('open with no token that has ended, and with no other session', async () => {
      await using storage = await open()
      for (const id of ['revoked', 'good']) await storage.tokens.create(sampleToken(undefined, id))
      await storage.tokens.create({ ...sampleToken(undefined, 'over'), expiresAt: 10 })
      await storage.tokens.revoke('revoked', 1)
      await storage.sessions.open(sampleSession(undefined, 's', 'good'), 'hash of good', 10)
      for (const parent of ['revoked', 'over', 's', 'none']) {
        const opened = storage.sessions.open(sampleSession(undefined, 'x', 'good'), `hash of ${parent}`, 10)
        await expect(opened).rejects.toMatchObject({ code: 'conflict' })
      }
      expect(await storage.tokens.byId('x')).toBeUndefined()
    })

    it('are forgotten once they are over, and nothing else is', async () => {
      await using storage = await open()
      await storage.tokens.create(sampleToken(undefined, 't'))
      await storage.tokens.create({ ...sampleToken(undefined, 'old'), expiresAt: 5 })
      for (const [id, expiresAt] of [
        ['early', 10],
        ['late', 11],
      ] as const)
        await storage.sessions.open({ ...sampleSession(undefined, id, 't'), expiresAt }, 'hash of t', 1)
      await Promise.all(
        ['a', 'b', 'c'].map((id) =>
          storage.sessions.open(sampleSession(undefined, id, 't'), 'hash of t', 10),
        ),
      )
      const ids = ['early', 'late', 'old', 'a', 'b', 'c']
      const kept = await Promise.all(ids.map((id) => storage.tokens.byId(id)))
      expect(kept.map((token) => token?.id)).toEqual([undefined, 'late', 'old', 'a', 'b', 'c'])
    })

    it('of a token that ends just then are not left open', async () => {
      await using storage = await open()
      for (let count = 0; count < 20; count += 1) {
        await storage.tokens.create(sampleToken(undefined, `t${count}`))
        const session = sampleSession(undefined, `s${count}`, `t${count}`)
        await Promise.allSettled([
          storage.tokens.revoke(`t${count}`, 5),
          storage.sessions.open(session, `hash of t${count}`, 1),
        ])
        const left = await storage.tokens.byId(session.id)
        expect(left === undefined || left.revokedAt === 5).toBe(true)
      }
    })
  })

  describe('clients', () => {
    const seen = (tokenId: string, client: string, at: number, workspaceId = 'w'): ClientSeen => ({
      workspaceId,
      tokenId,
      client,
      era: 'modern',
      firstSeenAt: at,
      lastSeenAt: at,
    })
    const list = (storage: Storage, filter: Partial<ClientFilter> = {}, limit = 500) =>
      allPages(limit, (page) => storage.clients.list({ workspaceId: 'w', seenSince: 0, ...filter }, page))
    const names = async (...asked: Parameters<typeof list>) =>
      (await list(...asked)).map(({ tokenId, client }) => `${tokenId} ${client}`)

    async function withTokens(storage: Storage): Promise<void> {
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.workspaces.create(sampleWorkspace('v'))
      await storage.tokens.create(sampleToken('w', 'one'))
      await storage.tokens.create({ ...sampleToken('w', 'two'), member: 'bob' })
      await storage.tokens.create({ ...sampleToken(undefined, 'root'), member: 'olga' })
    }

    it('are given back with their token, last seen first', async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([seen('one', 'a/1', 10), seen('two', 'b/1', 20), seen('one', 'c/1', 30)])
      const listed = await list(storage)
      expect(listed.map(({ client }) => client)).toEqual(['c/1', 'b/1', 'a/1'])
      expect(listed[1]).toEqual({ ...seen('two', 'b/1', 20), tokenName: 'Token two', member: 'bob' })
    })

    it('keep when they were first seen, and tell eras and workspaces apart', async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([seen('root', 'a/1', 10)])
      await storage.clients.note([
        seen('root', 'a/1', 40),
        { ...seen('root', 'a/1', 30), era: 'legacy' },
        seen('root', 'a/1', 20, 'v'),
      ])
      expect(await list(storage)).toMatchObject([
        { era: 'modern', firstSeenAt: 10, lastSeenAt: 40 },
        { era: 'legacy', firstSeenAt: 30, lastSeenAt: 30 },
      ])
      expect(await list(storage, { workspaceId: 'v' })).toMatchObject([{ firstSeenAt: 20 }])
    })

    it('come in pages, each once, also those seen at the same moment', async () => {
      await using storage = await open()
      await withTokens(storage)
      const clients = Array.from({ length: 7 }, (_, index) => seen('one', `c${index}/1`, 5))
      await storage.clients.note([...clients, seen('two', 'c0/1', 5), seen('two', 'late/1', 9)])
      const all = await names(storage)
      expect(all).toHaveLength(9)
      expect(all[0]).toBe('two late/1')
      expect(await names(storage, {}, 2)).toEqual(all)
    })

    it("can be asked for one member's, and for those seen lately", async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([seen('one', 'old/1', 10), seen('one', 'new/1', 20), seen('two', 'b/1', 20)])
      expect(await names(storage, { member: 'ada' })).toEqual(['one new/1', 'one old/1'])
      expect(await names(storage, { seenSince: 20 })).toEqual(['two b/1', 'one new/1'])
    })

    it('are 20 of one token at most, the last ones, whatever it calls itself', async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([seen('two', 'other/1', 1)])
      for (let round = 0; round < 3; round++)
        await storage.clients.note(
          Array.from({ length: 15 }, (_, index) => seen('one', `${round}-${index}/1`, round * 100 + index)),
        )
      const kept = await names(storage)
      expect(kept).toHaveLength(21)
      expect(kept[0]).toBe('one 2-14/1')
      expect(kept.slice(-2)).toEqual(['one 1-10/1', 'two other/1'])
    })

    it('are left out when their token or workspace is gone, and the others noted', async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([
        seen('never', 'a/1', 1),
        seen('one', 'b/1', 1, 'nowhere'),
        seen('one', 'c/1', 1),
      ])
      expect(await names(storage)).toEqual(['one c/1'])
    })

    it('go with the workspace, also those of an owner, whose token stays', async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([seen('one', 'a/1', 1), seen('root', 'b/1', 1), seen('root', 'b/1', 1, 'v')])
      await storage.workspaces.remove('w')
      expect(await list(storage)).toEqual([])
      expect(await names(storage, { workspaceId: 'v' })).toEqual(['root b/1'])
    })

    it('are forgotten when they were not seen for long', async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([seen('one', 'old/1', 10), seen('one', 'new/1', 20)])
      await storage.clients.forget(20)
      expect(await names(storage)).toEqual(['one new/1'])
    })

    it('tell which one each token was last seen with', async () => {
      await using storage = await open()
      await withTokens(storage)
      await storage.clients.note([
        seen('one', 'last/1', 30),
        seen('one', 'before/1', 20),
        seen('root', 'here/1', 10),
        seen('root', 'there/1', 11, 'v'),
      ])
      expect(await storage.clients.lastOf(['one', 'two', 'root'])).toEqual(
        new Map([
          ['one', 'last/1'],
          ['root', 'there/1'],
        ]),
      )
      expect(await storage.clients.lastOf([])).toEqual(new Map())
    })
  })

  describe('members', () => {
    const AT = 2_000
    const token = (workspaceId: string | undefined, id: string, more: Partial<Token> = {}): Token => ({
      ...sampleToken(workspaceId, id),
      ...more,
    })

    async function withMembers(storage: Storage): Promise<void> {
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.workspaces.create(sampleWorkspace('v'))
      for (const each of [
        token('w', 'laptop', { lastUsedAt: 10 }),
        token('w', 'desktop', { lastUsedAt: 30 }),
        token('w', 'admin', { role: 'admin' }),
        token('w', 'over', { expiresAt: AT }),
        token('v', 'elsewhere', { expiresAt: AT + 1 }),
        token('w', 'others', { member: 'bob' }),
        token('w', 'device', { member: 'carl', parentId: 'laptop' }),
        token(undefined, 'root'),
        token(undefined, 'spare', { createdAt: 1 }),
      ])
        await storage.tokens.create(each)
      await storage.tokens.create(token('w', 'revoked', { lastUsedAt: 99 }))
      await storage.tokens.revoke('revoked', 1)
    }

    const ended = async (storage: Storage) => {
      const ids = ['laptop', 'desktop', 'admin', 'over', 'elsewhere', 'others', 'device', 'root', 'spare']
      const tokens = await Promise.all(ids.map((id) => storage.tokens.byId(id)))
      return tokens.flatMap((each) => (each?.revokedAt === AT ? [each.id] : []))
    }

    it('hold what is neither revoked nor expired', async () => {
      await using storage = await open()
      await withMembers(storage)
      const shares = await storage.members.shares(AT, 'w')
      expect(shares).toHaveLength(4)
      expect(shares).toEqual(
        expect.arrayContaining([
          { member: 'ada', workspaceId: 'w', role: 'developer', tokens: 2, sessions: 0, lastUsedAt: 30 },
          { member: 'ada', workspaceId: 'w', role: 'admin', tokens: 1, sessions: 0 },
          { member: 'bob', workspaceId: 'w', role: 'developer', tokens: 1, sessions: 0 },
          { member: 'carl', workspaceId: 'w', role: 'developer', tokens: 1, sessions: 0 },
        ]),
      )
      const everywhere = await storage.members.shares(AT)
      expect(everywhere).toHaveLength(6)
      expect(everywhere).toEqual(
        expect.arrayContaining([
          { member: 'ada', workspaceId: 'v', role: 'developer', tokens: 1, sessions: 0 },
          { member: 'ada', role: 'owner', tokens: 2, sessions: 0 },
        ]),
      )
    })

    it('lose every token in one workspace at once, what came from them, and invites not yet used', async () => {
      await using storage = await open()
      await withMembers(storage)
      for (const invite of [
        { ...sampleInvite('w', 'open') },
        { ...sampleInvite('w', 'used'), usedAt: 1 },
        { ...sampleInvite('v', 'there') },
        { ...sampleInvite('w', 'bobs'), member: 'bob' },
      ])
        await storage.invites.create(invite)
      const heard = listen(storage)
      const revocation = await storage.members.revokeInWorkspace('w', 'ada', AT)
      expect(revocation).toEqual({ revoked: 5, workspaceIds: ['w'] })
      expect(await ended(storage)).toEqual(['laptop', 'desktop', 'admin', 'over', 'device'])
      expect(heard.map(({ id }) => id).sort()).toEqual(
        ['laptop', 'desktop', 'admin', 'over', 'device'].map((id) => `hash of ${id}`).sort(),
      )
      expect((await storage.tokens.byId('revoked'))?.revokedAt).toBe(1)
      const left = await Promise.all(
        ['open', 'used', 'there', 'bobs'].map((id) => storage.invites.byHash(`hash of ${id}`)),
      )
      expect(left.map((invite) => invite?.id)).toEqual([undefined, 'used', 'there', 'bobs'])
    })

    it('are told of in every workspace where they have something to lose', async () => {
      await using storage = await open()
      await withMembers(storage)
      await storage.workspaces.create(sampleWorkspace('invited'))
      await storage.invites.create(sampleInvite('invited', 'open'))
      expect(await storage.members.workspacesOf('ada')).toEqual(['invited', 'v', 'w'])
      expect(await storage.members.workspacesOf('bob')).toEqual(['w'])
      expect(await storage.members.workspacesOf('nobody')).toEqual([])
    })

    it('keep the last owner token, the one that is asked for', async () => {
      await using storage = await open()
      await withMembers(storage)
      const revocation = await storage.members.revokeOwner('ada', AT, 'spare')
      expect(revocation).toEqual({
        revoked: 1,
        workspaceIds: [],
        kept: { id: 'spare', name: 'Token spare' },
      })
      expect(await ended(storage)).toEqual(['root'])
    })

    it('keep the one that the preferred one came from, because that would end with it', async () => {
      await using storage = await open()
      await withMembers(storage)
      await storage.tokens.create(token(undefined, 'from-spare', { parentId: 'spare' }))
      const { kept, revoked } = await storage.members.revokeOwner('ada', AT, 'from-spare')
      expect([kept?.id, revoked]).toEqual(['spare', 2])
    })

    it('keep the owner token that lives longest where none is asked for', async () => {
      await using storage = await open()
      await withMembers(storage)
      await storage.tokens.create(token(undefined, 'brief', { expiresAt: AT + 10, createdAt: 9e12 }))
      const { kept } = await storage.members.revokeOwner('ada', AT, 'none')
      expect(kept?.id).toBe('root')
    })

    it('keep none where somebody else holds a live one, and then what came from theirs ends too', async () => {
      await using storage = await open()
      await withMembers(storage)
      await storage.tokens.create(token(undefined, 'olgas', { member: 'olga' }))
      await storage.tokens.create(token('v', 'from-root', { member: 'dora', parentId: 'root' }))
      const revocation = await storage.members.revokeOwner('ada', AT, 'root')
      expect(revocation).toEqual({ revoked: 3, workspaceIds: ['v'] })
      expect(await ended(storage)).toEqual(['root', 'spare'])
      expect((await storage.tokens.byId('olgas'))?.revokedAt).toBeUndefined()
    })

    it("do not count on another owner's token that is over, or ends with one of theirs", async () => {
      await using storage = await open()
      await withMembers(storage)
      await storage.tokens.create(token(undefined, 'over-too', { member: 'olga', expiresAt: AT }))
      await storage.tokens.create(token(undefined, 'from-root', { member: 'olga', parentId: 'root' }))
      expect((await storage.members.revokeOwner('ada', AT, 'root')).kept?.id).toBe('root')
      expect(await storage.members.revokeOwner('bob', AT, 'root')).toEqual({ revoked: 0, workspaceIds: [] })
    })

    it('never both lose the last owner token, when two are ended at once', async () => {
      await using storage = await open()
      for (const member of ['ada', 'olga']) await storage.tokens.create(token(undefined, member, { member }))
      const [ada, olga] = await Promise.all(
        ['ada', 'olga'].map((member) => storage.members.revokeOwner(member, AT, 'none')),
      )
      expect((ada?.revoked ?? 0) + (olga?.revoked ?? 0)).toBe(1)
      expect(await storage.tokens.countOwners()).toBe(1)
    })
  })

  it('says what database it is, and counts what is in it', async () => {
    await using storage = await open()
    for (const id of ['w', 'v']) await furnish(storage, id)
    await storage.servers.create(sampleServer('w', 'more'))
    const { kind, version, sizeBytes } = await storage.describe()
    expect(['sqlite', 'postgres']).toContain(kind)
    expect(version).toMatch(/^\d+\.\d+/)
    expect(sizeBytes).toBeGreaterThan(10_000)
    expect([await storage.workspaces.count(), await storage.servers.count()]).toEqual([2, 3])
  })

  describe('invites', () => {
    it('are found by hash and listed newest first, each once', async () => {
      await using storage = await open()
      for (const id of ['w', 'v']) await storage.workspaces.create(sampleWorkspace(id))
      const { tokenLifetimeMs: _, ...endless } = sampleInvite('w', 'b', 7)
      await storage.invites.create(sampleInvite('w', 'a', 5))
      await storage.invites.create(endless)
      await storage.invites.create(sampleInvite('w', 'c', 5))
      await storage.invites.create(sampleInvite('v', 'd'))
      expect(await storage.invites.byHash('hash of b')).toEqual(endless)
      expect(await storage.invites.byHash('other')).toBeUndefined()
      const listed = await allPages(1, (page) => storage.invites.list('w', page))
      expect(listed).toEqual([endless, sampleInvite('w', 'c', 5), sampleInvite('w', 'a', 5)])
    })

    it('are removed in their own workspace only', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.invites.create(sampleInvite('w', 'a'))
      await expect(storage.invites.remove('v', 'a')).rejects.toMatchObject({ code: 'not_found' })
      await storage.invites.remove('w', 'a')
      expect(await storage.invites.byHash('hash of a')).toBeUndefined()
      await expect(storage.invites.remove('w', 'a')).rejects.toMatchObject({ code: 'not_found' })
    })

    it('need a workspace, and go with it', async () => {
      await using storage = await open()
      const orphan = storage.invites.create(sampleInvite('w', 'a'))
      await expect(orphan).rejects.toMatchObject({ code: 'not_found' })
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.invites.create(sampleInvite('w', 'a'))
      await storage.workspaces.remove('w')
      expect(await storage.invites.byHash('hash of a')).toBeUndefined()
    })

    it('give one token, and to one of twenty who come at once', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.invites.create(sampleInvite('w', 'a', 0))
      const given = await redeemMany(storage, { inviteHash: 'hash of a' }, 999)
      expect(given).toHaveLength(1)
      expect(await storage.invites.byHash('hash of a')).toMatchObject({ usedAt: 999, tokenId: given[0] })
      expect((await storage.tokens.list('w', { limit: 50 })).items.map(({ id }) => id)).toEqual(given)
    })

    it('give none when they are over', async () => {
      await using storage = await open()
      await storage.workspaces.create(sampleWorkspace('w'))
      await storage.invites.create(sampleInvite('w', 'a', 0))
      expect(await redeemMany(storage, { inviteHash: 'hash of a' }, 1_000)).toEqual([])
      expect((await storage.tokens.list('w', { limit: 50 })).items).toEqual([])
    })
  })

  describe('logins under way', () => {
    const approval = {
      decision: 'approved',
      role: 'developer',
      proofKind: 'token',
      proofHash: 'hash of root',
    } as const

    it('are found by their codes', async () => {
      await using storage = await open()
      const device = sampleDeviceLogin('a')
      const { userCode: _, address, intervalMs, ...rest } = sampleDeviceLogin('b')
      const code = {
        ...rest,
        ...approval,
        kind: 'code',
        redirectUri: 'http://[::1]/',
        codeChallenge: 'x',
      } as const
      await storage.logins.begin(device, 0)
      await storage.logins.begin(code, 0)
      expect(await storage.logins.byUserCode('code of a')).toEqual(device)
      expect(await storage.logins.byHash('hash of a')).toEqual(device)
      expect(await storage.logins.byHash('hash of b')).toEqual(code)
      expect(await storage.logins.byUserCode('code of b')).toBeUndefined()
    })

    it('never share a code', async () => {
      await using storage = await open()
      await storage.logins.begin(sampleDeviceLogin('a'), 0)
      const second = { ...sampleDeviceLogin('b'), userCode: 'code of a' }
      await expect(storage.logins.begin(second, 0)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('are forgotten once they were over for long enough', async () => {
      await using storage = await open()
      await storage.logins.begin(sampleDeviceLogin('a'), 0)
      await storage.logins.begin(sampleDeviceLogin('b'), 1_000)
      expect(await storage.logins.byHash('hash of a')).toBeDefined()
      await storage.logins.begin({ ...sampleDeviceLogin('c'), expiresAt: 5_000 }, 1_001)
      expect(await storage.logins.byHash('hash of a')).toBeUndefined()
      expect(await storage.logins.byHash('hash of b')).toBeUndefined()
      expect(await storage.logins.byHash('hash of c')).toBeDefined()
    })

    it('are counted while they wait, and when they were denied: whoever begins one can do that', async () => {
      await using storage = await open()
      for (const id of ['a', 'b', 'c']) await storage.logins.begin(sampleDeviceLogin(id), 0)
      await storage.logins.begin({ ...sampleDeviceLogin('d'), address: '::1' }, 0)
      await storage.logins.decide('code of a', approval, 1)
      await storage.logins.decide('code of b', { decision: 'denied' }, 1)
      expect(await storage.logins.countWaiting('127.0.0.1', 999)).toEqual({ fromAddress: 2, inAll: 3 })
      expect(await storage.logins.countWaiting('127.0.0.1', 1_000)).toEqual({ fromAddress: 0, inAll: 0 })
    })

    it('are decided once, and not when they are over', async () => {
      await using storage = await open()
      await storage.logins.begin(sampleDeviceLogin('a'), 0)
      expect(await storage.logins.decide('code of a', approval, 1_000)).toBe(false)
      const decisions = Array.from({ length: 10 }, () => storage.logins.decide('code of a', approval, 999))
      expect((await Promise.all(decisions)).filter(Boolean)).toHaveLength(1)
      expect(await storage.logins.decide('code of a', { decision: 'denied' }, 999)).toBe(false)
      expect(await storage.logins.byHash('hash of a')).toEqual({ ...sampleDeviceLogin('a'), ...approval })
    })

    it('may ask as often as they were told, and more slowly after each time they did not', async () => {
      await using storage = await open()
      await storage.logins.begin(sampleDeviceLogin('a'), 0)
      const poll = (at: number) => storage.logins.notePoll('hash of a', at, 100)
      const answers = []
      for (const at of [0, 50, 99, 248, 249, 499, 748]) answers.push(await poll(at))
      expect(answers).toEqual([true, true, false, false, false, false, false])
      expect(await storage.logins.byHash('hash of a')).toMatchObject({ intervalMs: 550, lastPolledAt: 748 })
      expect(await poll(1_298)).toBe(true)
    })

    it('give one token, to one of twenty who ask at once', async () => {
      await using storage = await open()
      await family(storage)
      await storage.logins.begin({ ...sampleDeviceLogin('a'), ...approval }, 0)
      const redemption = { loginHash: 'hash of a', parentHash: 'hash of root' }
      const given = await redeemMany(storage, redemption, 1)
      expect(given).toHaveLength(1)
      expect((await storage.logins.byHash('hash of a'))?.tokenId).toBe(given[0])
    })

    it.each([
      ['nobody approved them', { loginHash: 'hash of waiting' }, 1],
      ['they are over', { loginHash: 'hash of approved' }, 1_000],
      ['they are unknown', { loginHash: 'other' }, 1],
      ['the token behind them is unknown', { loginHash: 'hash of approved', parentHash: 'other' }, 1],
      [
        'the token behind them was revoked',
        { loginHash: 'hash of approved', parentHash: 'hash of child' },
        1,
      ],
      [
        'the token behind them is over',
        { loginHash: 'hash of approved', parentHash: 'hash of sibling' },
        500,
      ],
      ['the invite behind them is gone', { loginHash: 'hash of approved', inviteHash: 'hash of none' }, 1],
    ])('give no token when %s', async (_why, redemption, at) => {
      await using storage = await open()
      await family(storage)
      await storage.invites.create(sampleInvite('w', 'i', 0))
      await storage.tokens.revoke('child', 1)
      await storage.tokens.replaceHash('sibling', 'hash of sibling', 500, 1)
      await storage.logins.begin(sampleDeviceLogin('waiting'), 0)
      await storage.logins.begin({ ...sampleDeviceLogin('approved'), ...approval }, 0)
      const before = (await storage.tokens.list('w', { limit: 50 })).items
      const heard = listen(storage)
      const everything = { inviteHash: 'hash of i', ...redemption }
      await expect(storage.logins.redeem(sampleToken('w', 'n'), everything, at)).rejects.toMatchObject({
        code: 'conflict',
      })
      expect((await storage.tokens.list('w', { limit: 50 })).items).toEqual(before)
      expect((await storage.invites.byHash('hash of i'))?.usedAt).toBeUndefined()
      expect((await storage.logins.byHash('hash of approved'))?.tokenId).toBeUndefined()
      expect(heard).toEqual([])
    })
  })

  describe('keys', () => {
    it('adds, replaces and names wrapped keys', async () => {
      await using storage = await open()
      await storage.keys.add('sentinel', Uint8Array.of(1, 0))
      await expect(storage.keys.add('sentinel', Uint8Array.of(2))).rejects.toMatchObject({ code: 'conflict' })
      expect(await storage.keys.get('sentinel')).toEqual(Uint8Array.of(1, 0))
      await storage.keys.replace('sentinel', Uint8Array.of(3))
      expect(await storage.keys.get('sentinel')).toEqual(Uint8Array.of(3))
      expect(await storage.keys.get('other')).toBeUndefined()
      await expect(storage.keys.replace('other', Uint8Array.of(3))).rejects.toMatchObject({
        code: 'not_found',
      })
      expect(await storage.keys.names()).toEqual(['sentinel'])
    })
  })

  describe('the log', () => {
    it('chains each workspace by itself and answers in the order given', async () => {
      await using storage = await open()
      const entries = ['a', 'b', 'a', 'b', 'b'].map((id, place) => sampleEntry(id, { requestId: `${place}` }))
      const appended = await storage.audit.append(entries, link)
      expect(appended.map(({ seq, requestId }) => [seq, requestId])).toEqual([
        [1, '0'],
        [1, '1'],
        [2, '2'],
        [2, '3'],
        [3, '4'],
      ])
      await storage.audit.append([sampleEntry('a')], link)
      for (const id of ['a', 'b']) expect(isWholeChain(await storage.audit.read(id, 0, 10))).toBe(true)
      expect(await storage.audit.head('b')).toEqual({ seq: 3, hash: appended[4]?.hash })
      expect(await storage.audit.head('c')).toEqual({ seq: 0, hash: '' })
    })

    it.each([0, 1, 3, 64, 150])(
      'appends %i rows at once that read back as they were hashed',
      async (count) => {
        await using storage = await open()
        const full = {
          client: 'x 1',
          era: 'legacy',
          server: 's',
          tool: 't',
          shownAs: 's__t',
          reason: 'why',
        } as const
        const entries = Array.from({ length: count }, (_, place) =>
          sampleEntry('w', place % 2 ? { ...full, upstreamMs: 0.25, traceId: 'x' } : {}),
        )
        const appended = await storage.audit.append(entries, link)
        const rows = await storage.audit.read('w', 0, 1_000)
        expect(rows).toEqual(appended)
        expect(isWholeChain(rows)).toBe(true)
        expect(await storage.audit.read('w', count - 1, 5)).toEqual(rows.slice(-1))
      },
    )

    it('takes text no database can hold without losing the row or the chain', async () => {
      await using storage = await open()
      await storage.audit.append(
        [sampleEntry('w', { client: 'a\0b', tool: 'c\ud800d' }), sampleEntry('w')],
        link,
      )
      const rows = await storage.audit.read('w', 0, 10)
      expect(isWholeChain(rows)).toBe(true)
      expect(rows[0]).toMatchObject({ client: 'a\u{fffd}b', tool: 'c\u{fffd}d' })
    })

    it('appends nothing when one entry cannot be linked', async () => {
      await using storage = await open()
      const heard = listen(storage)
      const failing = storage.audit.append([sampleEntry('a'), sampleEntry('b')], (_, { workspaceId }) => {
        if (workspaceId === 'b') throw new Error('no hash')
        return 'hash'
      })
      await expect(failing).rejects.toThrow('no hash')
      expect(await storage.audit.head('a')).toEqual({ seq: 0, hash: '' })
      expect(heard).toEqual([])
    })

    it('keeps one gapless chain under concurrent appends', async () => {
      await using storage = await open()
      await Promise.all(
        Array.from({ length: 20 }, () => storage.audit.append([sampleEntry('a'), sampleEntry('b')], link)),
      )
      for (const id of ['a', 'b']) {
        const rows = await storage.audit.read(id, 0, 100)
        expect(rows).toHaveLength(20)
        expect(isWholeChain(rows)).toBe(true)
      }
    })

    it('announces each workspace touched', async () => {
      await using storage = await open()
      const heard = listen(storage)
      await storage.audit.append([sampleEntry('a'), sampleEntry('b'), sampleEntry('a')], link)
      expect(heard).toEqual([
        { kind: 'audit', workspaceId: 'a', id: 'a' },
        { kind: 'audit', workspaceId: 'b', id: 'b' },
      ])
    })

    it('finds rows by every filter, combined, newest first', async () => {
      await using storage = await open()
      await storage.audit.append(
        [
          sampleEntry('w', { server: 'git', tool: 'read', time: 1 }),
          sampleEntry('w', { server: 'git', tool: 'write', time: 5, outcome: 'denied' }),
          // A long call is appended after later ones.
          sampleEntry('w', { server: 'git', tool: 'read', time: 2, member: 'bob', tokenId: 'bobs' }),
          sampleEntry('w', { kind: 'management', method: 'credential.put', time: 9 }),
          sampleEntry('other', { server: 'git', tool: 'read', time: 1 }),
        ],
        link,
      )
      const find = async (filter: object) => {
        const { items } = await storage.audit.search({ workspaceId: 'w', ...filter }, { limit: 10 })
        return items.map(({ seq }) => seq)
      }
      expect(await find({})).toEqual([4, 3, 2, 1])
      expect(await find({ server: 'git' })).toEqual([3, 2, 1])
      expect(await find({ server: 'git', tool: 'read' })).toEqual([3, 1])
      expect(await find({ tool: 'read', member: 'bob' })).toEqual([3])
      expect(await find({ tokenId: 'bobs' })).toEqual([3])
      expect(await find({ outcome: 'denied' })).toEqual([2])
      expect(await find({ kind: 'management' })).toEqual([4])
      expect(await find({ from: 2 })).toEqual([4, 3, 2])
      expect(await find({ from: 2, to: 5 })).toEqual([3])
      expect(await find({ from: 6, server: 'git' })).toEqual([])
      expect(await find({ from: 10 })).toEqual([])
      expect(await find({ workspaceId: 'empty' })).toEqual([])
    })

    it('keeps what a call said beside its row, and its digest in the row', async () => {
      await using storage = await open()
      const content = { arguments: { text: '{"a":1}', cut: false }, result: { text: '{"b', cut: true } }
      await storage.audit.append(
        [sampleEntry('w'), sampleEntry('w', { content, contentDigest: 'digest' })],
        link,
      )
      const rows = await storage.audit.read('w', 0, 10)
      expect(isWholeChain(rows)).toBe(true)
      expect(rows.map(({ contentDigest }) => contentDigest)).toEqual([undefined, 'digest'])
      expect(await storage.audit.content('w', 1)).toBeUndefined()
      expect(await storage.audit.content('w', 2)).toEqual(content)
      expect(await storage.audit.content('v', 2)).toBeUndefined()
    })

    it('knows where every log ends, and which rows are all older than a time', async () => {
      await using storage = await open()
      const times = [1, 5, 2, 9]
      await storage.audit.append([...times.map((time) => sampleEntry('w', { time })), sampleEntry('v')], link)
      const heads = await storage.audit.heads()
      expect(heads.map(({ workspaceId, seq }) => [workspaceId, seq]).sort()).toEqual([
        ['v', 1],
        ['w', 4],
      ])
      const ends = [1, 2, 3, 6, 10].map((time) => storage.audit.lastBefore('w', time))
      expect(await Promise.all(ends)).toEqual([0, 1, 1, 3, 4])
    })

    it('notes a pruned segment once, with its row, and deletes its rows a few at a time', async () => {
      await using storage = await open()
      const { audit } = storage
      const content = { arguments: { text: '1', cut: false }, result: { text: '2', cut: false } }
      const entries = Array.from({ length: 7 }, () => sampleEntry('w', { content }))
      await audit.append([...entries, sampleEntry('v')], link)
      const segment = sampleSegment('w', 1, 5)
      await audit.seal(segment, sampleEntry('w', { method: 'audit.prune' }), link)
      await expect(audit.seal(segment, sampleEntry('w'), link)).rejects.toMatchObject({ code: 'conflict' })
      expect(await audit.segments('w')).toEqual([segment])
      expect(await audit.segments('v')).toEqual([])
      expect((await audit.head('w')).seq).toBe(8)

      expect(await audit.deleteRows('w', 5, 3)).toBe(true)
      expect((await audit.read('w', 0, 10)).map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8])
      expect(await audit.deleteRows('w', 5, 3)).toBe(false)
      expect(await audit.deleteRows('w', 5, 3)).toBe(false)
      expect((await audit.read('w', 0, 10)).map(({ seq }) => seq)).toEqual([6, 7, 8])
      expect(await audit.content('w', 5)).toBeUndefined()
      expect(await audit.content('w', 6)).toEqual(content)
      expect(await audit.read('v', 0, 10)).toHaveLength(1)
    })

    it('pages through a long log, finding rare rows far apart, each once', async () => {
      await using storage = await open()
      for (let part = 0; part < 12; part++) {
        const rows = Array.from({ length: 500 }, (_, place) =>
          sampleEntry('w', { time: part, ...(place === 7 ? { member: 'rare' } : {}) }),
        )
        await storage.audit.append(rows, link)
      }
      const rare = await allPages(5, (page) =>
        storage.audit.search({ workspaceId: 'w', member: 'rare' }, page),
      )
      expect(rare.map(({ seq }) => seq)).toEqual(
        Array.from({ length: 12 }, (_, part) => (11 - part) * 500 + 8),
      )
      const all: AuditRow[] = await allPages(500, (page) => storage.audit.search({ workspaceId: 'w' }, page))
      expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 6_000 }, (_, index) => 6_000 - index))
    })
  })

  it.each(['%%%', '', 'WyJhIl0x', 'bm90IGpzb24', 'W10'])(
    'refuses the made-up cursor "%s" in every list',
    async (cursor) => {
      await using storage = await open()
      const page = { cursor, limit: 5 }
      const lists = [
        storage.workspaces.list(page),
        storage.tokens.list('w', page),
        storage.audit.search({ workspaceId: 'w' }, page),
      ]
      for (const result of await Promise.allSettled(lists)) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'invalid_request' } })
      }
    },
  )

  it('walks no further than the log reaches, however far a made-up cursor points', async () => {
    await using storage = await open()
    await storage.audit.append([sampleEntry('w')], link)
    const cursor = Buffer.from(`[${Number.MAX_SAFE_INTEGER}]`).toString('base64url')
    const { items } = await storage.audit.search({ workspaceId: 'w' }, { limit: 5, cursor })
    expect(items.map(({ seq }) => seq)).toEqual([1])
  })

  it.each([0, 501, 1.5])('refuses a page of %d items', async (limit) => {
    await using storage = await open()
    await expect(storage.workspaces.list({ limit })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  describe('the bus', () => {
    it('has told every subscriber before the writer gets its answer, whatever one of them throws', async () => {
      await using storage = await open()
      const warned = new Promise((resolve) => process.once('warning', resolve))
      storage.bus.subscribe(() => {
        throw new Error('a broken listener')
      })
      const heard = listen(storage)
      await storage.workspaces.create(sampleWorkspace('w'))
      expect(heard).toEqual([{ kind: 'workspace', workspaceId: 'w', id: 'w' }])
      expect(await warned).toMatchObject({ message: 'a broken listener' })
    })

    it('is silent about what was refused, and to those who left', async () => {
      await using storage = await open()
      const heard = listen(storage)
      await expect(storage.servers.create(sampleServer('none', 'git'))).rejects.toThrow()
      expect(heard).toEqual([])
      const leftEarly: Change[] = []
      storage.bus.subscribe((change) => leftEarly.push(change))()
      await storage.workspaces.create(sampleWorkspace('w'))
      expect(leftEarly).toEqual([])
    })
  })

  it('keeps everything across a restart, running its migrations only once', async () => {
    const url = await freshUrl()
    {
      await using storage = await openStorage({ url, clock })
      await furnish(storage, 'w')
    }
    await using storage = await openStorage({ url, clock })
    await storage.ping()
    expect(await storage.workspaces.byId('w')).toEqual(sampleWorkspace('w'))
  })
})

/** A workspace with one of everything; gives its server. */
async function furnish(storage: Storage, workspaceId: string) {
  const server = sampleServer(workspaceId, 'git')
  await storage.workspaces.create(sampleWorkspace(workspaceId))
  await storage.servers.create(server)
  await storage.servers.saveVerdict({ serverId: server.id, era: 'modern', transport: 'stdio', foundAt: 1 })
  await storage.credentials.put(sampleCredential(server, 1))
  await storage.tokens.create(sampleToken(workspaceId, `token-${workspaceId}`))
  await storage.keys.add(`workspace:${workspaceId}`, Uint8Array.of(1))
  await storage.audit.append([sampleEntry(workspaceId)], link)
  return server
}

function listen(storage: Storage): Change[] {
  const heard: Change[] = []
  storage.bus.subscribe((change) => heard.push(change))
  return heard
}

async function allPages<T>(limit: number, list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await list(cursor === undefined ? { limit } : { limit, cursor })
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return items
}

/** An owner's token, two that came from it, one that came from those, and one that came from none. */
async function family(storage: Storage): Promise<void> {
  await storage.workspaces.create(sampleWorkspace('w'))
  await storage.tokens.create(sampleToken(undefined, 'root'))
  await storage.tokens.create({ ...sampleToken('w', 'child'), parentId: 'root' })
  await storage.tokens.create({ ...sampleToken('w', 'sibling'), parentId: 'root' })
  await storage.tokens.create({ ...sampleToken('w', 'grandchild'), parentId: 'child' })
  await storage.tokens.create(sampleToken('w', 'stranger'))
}

async function revocations(storage: Storage): Promise<Record<string, number>> {
  const ended: Record<string, number> = {}
  for (const id of ['root', 'child', 'sibling', 'grandchild']) {
    const { revokedAt } = (await storage.tokens.byId(id)) ?? {}
    if (revokedAt !== undefined) ended[id] = revokedAt
  }
  return ended
}

/** Twenty at once; answers the ids of the tokens that were given. */
async function redeemMany(storage: Storage, redemption: Redemption, at: number): Promise<string[]> {
  const ids = Array.from({ length: 20 }, (_, index) => `new-${index}`)
  const given = await Promise.allSettled(
    ids.map((id) => storage.logins.redeem(sampleToken('w', id), redemption, at)),
  )
  for (const each of given)
    if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'conflict' })
  return ids.filter((_, index) => given[index]?.status === 'fulfilled')
}
