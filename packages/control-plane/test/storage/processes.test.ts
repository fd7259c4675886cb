import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { lockDataFolder } from '../../src/storage/data-folder-lock.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { startPostgres } from '../postgres.ts'
import { startProgram } from './child.ts'
import { isWholeChain } from './samples.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-processes-'))
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
const clock = { now: () => 0 }

describe.each(databases)('several processes on $name', ({ freshUrl }) => {
  it('loses no acknowledged row and breaks no chain when the writer is killed', async () => {
    const url = await freshUrl()
    let acknowledged = 0
    {
      await using writer = startProgram('append', url)
      while (acknowledged < 40) acknowledged = Number((await writer.lines.next()).value)
      writer.process.kill('SIGKILL')
      await writer.exited
    }
    await using storage = await openStorage({ url, clock })
    const rows = await storage.audit.read('a', 0, 1_000_000)
    expect(rows.length).toBeGreaterThanOrEqual(2 * acknowledged)
    expect(isWholeChain(rows)).toBe(true)
    expect(await storage.audit.head('a')).toEqual({ seq: rows.length, hash: rows.at(-1)?.hash })
    expect((await storage.audit.head('b')).seq).toBe(rows.length / 2)
  }, 30_000)

  it('start at once on an empty database and keep one gapless chain between them', async () => {
    const url = await freshUrl()
    const writers = [1, 2, 3].map(() => startProgram('append', url, '15'))
    for (const writer of writers) expect(await writer.exited).toEqual([0, null])
    await using storage = await openStorage({ url, clock })
    for (const [workspaceId, count] of [
      ['a', 90],
      ['b', 45],
    ] as const) {
      const rows = await storage.audit.read(workspaceId, 0, 1_000)
      expect(rows).toHaveLength(count)
      expect(isWholeChain(rows)).toBe(true)
    }
  }, 30_000)
})

describe('the lock on a data folder', () => {
  const isPrivate = (path: string, mode: number) => expect(statSync(path).mode & 0o777).toBe(mode)

  it('is held by one process at a time, and given back by one that is killed', async () => {
    const directory = join(folder, 'shared')
    await using holder = startProgram('hold-lock', directory)
    expect((await holder.lines.next()).value).toBe('claimed')
    expect(lockDataFolder(directory)).toBeUndefined()

    holder.process.kill('SIGKILL')
    await holder.exited
    using lock = lockDataFolder(directory)
    expect(lock).toBeDefined()
    isPrivate(directory, 0o700)
    isPrivate(join(directory, 'lock.db'), 0o600)
  })

  it('is not lost when the same process asks for it again', async () => {
    const directory = join(folder, 'twice')
    using lock = lockDataFolder(directory)
    expect(lock).toBeDefined()
    expect(lockDataFolder(directory)).toBeUndefined()
    await using other = startProgram('hold-lock', directory)
    expect((await other.lines.next()).value).toBe('refused')
  })

  it('is free again once it is let go', () => {
    const directory = join(folder, 'again')
    for (const _ of [1, 2]) {
      using lock = lockDataFolder(directory)
      expect(lock).toBeDefined()
    }
  })
})
