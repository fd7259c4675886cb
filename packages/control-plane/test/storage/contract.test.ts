import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { AuditRow } from '../../src/model/audit-row.ts'
import type { Change } from '../../src/model/change.ts'
import type { Page, PageRequest, Storage } from '../../src/model/stores.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { startPostgres } from '../postgres.ts'
import {
  isWholeChain,
  link,
  sampleCredential,
  sampleEntry,
  sampleServer,
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

    it('counts the owners who are not revoked', async () => {
      await using storage = await open()
      expect(await storage.tokens.countOwners()).toBe(0)
      for (const id of ['a', 'b']) await storage.tokens.create(sampleToken(undefined, id))
      await storage.tokens.revoke('a', 1)
      expect(await storage.tokens.countOwners()).toBe(1)
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
