import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Storage } from '../model/stores.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createClientsSeen } from './clients-seen.ts'

const DAY_MS = 24 * 60 * 60_000
const principal = { tokenId: 't', workspaceId: 'w', member: 'ada', role: 'developer' as const, rules: {} }

describe('clients seen', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-clients-'))
  let storage: Storage
  let files = 0
  let now = 0

  beforeEach(async () => {
    now = 1_000_000
    storage = await openStorage({ url: `sqlite:${join(folder, `${files++}.db`)}`, clock: { now: () => now } })
    await storage.workspaces.create({ id: 'w', slug: 'w', name: 'w', createdAt: 0 })
    const { tokenId: id, ...rights } = principal
    await storage.tokens.create({ ...rights, id, name: 'laptop', hash: 'h', createdAt: 0 })
  })
  afterEach(async () => {
    await storage[Symbol.asyncDispose]()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const errors: unknown[] = []
  const notSaved = (error: unknown) => errors.push(error)
  const start = (store: Storage['clients'] = storage.clients) =>
    createClientsSeen({ store, now: () => now, notSaved })
  const sight = (client: string | undefined) => ({ client, era: 'modern' as const, principal })
  const listed = async () =>
    (await storage.clients.list({ workspaceId: 'w', seenSince: 0 }, { limit: 500 })).items

  it('are noted once a minute, however often they call', async () => {
    {
      await using seen = start()
      seen.note(sight('a/1'), 'w')
      now += 59_999
      seen.note(sight('a/1'), 'w')
    }
    expect(await listed()).toMatchObject([{ firstSeenAt: 1_000_000, lastSeenAt: 1_000_000 }])
  })

  it('are noted again after a minute', async () => {
    {
      await using seen = start()
      seen.note(sight('a/1'), 'w')
      now += 60_000
      seen.note(sight('a/1'), 'w')
    }
    expect(await listed()).toMatchObject([{ firstSeenAt: 1_000_000, lastSeenAt: 1_060_000 }])
  })

  it('are not written for every name that one token makes up', async () => {
    {
      await using seen = start()
      for (let index = 0; index < 1_000; index++) seen.note(sight(`c${index}/1`), 'w')
    }
    const names = (await listed()).map(({ client }) => client)
    expect(names.sort()).toEqual(Array.from({ length: 20 }, (_, index) => `c${index}/1`).sort())
  })

  it('are not noted without a name', async () => {
    {
      await using seen = start()
      seen.note(sight(undefined), 'w')
    }
    expect(await listed()).toEqual([])
  })

  it('are forgotten after 90 days', async () => {
    {
      await using seen = start()
      seen.note(sight('old/1'), 'w')
    }
    now += 90 * DAY_MS + 1
    {
      await using seen = start()
      seen.note(sight('new/1'), 'w')
    }
    expect((await listed()).map(({ client }) => client)).toEqual(['new/1'])
  })

  it('may be lost when they cannot be written, and nobody hears of it but the operator', async () => {
    const { clients } = storage
    await storage[Symbol.asyncDispose]()
    {
      await using seen = start(clients)
      seen.note(sight('a/1'), 'w')
    }
    expect(errors).toHaveLength(1)
    storage = await openStorage({ url: `sqlite:${join(folder, `${files++}.db`)}`, clock: { now: () => now } })
  })
})
