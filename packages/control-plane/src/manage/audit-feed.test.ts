import { describe, expect, it } from 'vitest'
import type { AuditRow } from '../model/audit-row.ts'
import type { Change } from '../model/change.ts'
import { createAuditFeeds } from './audit-feed.ts'

describe('a feed of the log', () => {
  it('answers with nothing when it was quiet for long enough', async () => {
    const feed = openLog().open()
    expect(await feed.next(1)).toEqual([])
  })

  it('tells of a row written while nobody was waiting', async () => {
    const { open, write } = openLog()
    const feed = open()
    write('ada')
    expect(await feed.next(60_000)).toEqual(['ada'])
  })

  it('wakes for a row, also when the news of it was lost', async () => {
    const { open, write, loseNews } = openLog()
    const feed = open()
    const first = feed.next(60_000)
    write('ada')
    expect(await first).toEqual(['ada'])
    const second = feed.next(60_000)
    loseNews('bob')
    expect(await second).toEqual(['bob'])
  })

  it('passes over rows that are not for the reader, and waits on', async () => {
    const { open, write } = openLog()
    const feed = open(0, 'ada')
    const next = feed.next(60_000)
    write('hidden')
    write('ada')
    expect(await next).toEqual(['ada'])
  })

  it('reads a log that was long before to its end, and goes on with what is new', async () => {
    const { open, write } = openLog()
    write('ada', 450)
    const feed = open(0)
    const counts = [await feed.next(1), await feed.next(1), await feed.next(1)].map((rows) => rows?.length)
    expect(counts).toEqual([200, 200, 50])
    write('bob')
    expect(await feed.next(60_000)).toEqual(['bob'])
  })

  it('tells a reader who stopped for a while of every row, in order', async () => {
    const { open, write } = openLog()
    const [quick, slow] = [open(), open()]
    const members = Array.from({ length: 10_000 }, (_, row) => `member ${row}`)
    const told: string[] = []
    for (let row = 0; row < members.length; row += 1) write(members[row] ?? '')
    while (told.length < members.length) told.push(...((await quick.next(60_000)) ?? []))
    expect(told).toEqual(members)
    const late: string[] = []
    while (late.length < members.length) late.push(...((await slow.next(60_000)) ?? []))
    expect(late).toEqual(members)
  })

  it('reads once for all readers, and gives those who may see the same the same', async () => {
    const { open, write, reads } = openLog()
    const readers = Array.from({ length: 200 }, () => open())
    await Promise.all(readers.map((reader) => reader.next(1)))
    const before = reads()
    const next = Promise.all(readers.map((reader) => reader.next(60_000)))
    write('ada', 20)
    const told = await next
    expect(new Set(told).size).toBe(1)
    expect(told[0]).toHaveLength(20)
    expect(reads() - before).toBeLessThanOrEqual(2)
  })

  it('fails when the log cannot be read, and begins anew for the next reader', async () => {
    const { open, write, failure } = openLog()
    const feed = open()
    await feed.next(1)
    failure.error = new Error('no database')
    const next = feed.next(60_000)
    write('ada')
    await expect(next).rejects.toThrow('no database')
    feed.close()
    delete failure.error
    const again = open()
    write('bob')
    expect(await again.next(60_000)).toEqual(['bob'])
  })

  it('ends for whoever is waiting when it is closed, and stops listening after the last one', async () => {
    const { open, listeners } = openLog()
    const [feed, other] = [open(), open()]
    const next = feed.next(60_000)
    feed.close()
    expect(await next).toBeUndefined()
    expect(await feed.next(60_000)).toBeUndefined()
    expect(listeners.size).toBe(1)
    other.close()
    expect(listeners.size).toBe(0)
  })
})

/** A log in memory with the news of it. Of a row only its place and its member matter here. */
function openLog() {
  const rows: AuditRow[] = []
  const listeners = new Set<(change: Change) => void>()
  const gapListeners = new Set<() => void>()

  function add(member: string): void {
    rows.push({
      seq: rows.length + 1,
      hash: '',
      kind: 'call',
      time: 0,
      workspaceId: 'w',
      tokenId: 't',
      member,
      role: 'developer',
      method: 'tools/call',
      outcome: 'ok',
      latencyMs: 0,
      bytesIn: 0,
      bytesOut: 0,
      requestId: 'r',
    })
  }

  const failure: { error?: Error } = {}
  let reads = 0
  const feeds = createAuditFeeds<string>({
    audit: {
      head: async () => ({ seq: rows.length, hash: '' }),
      async read(_workspaceId, afterSeq, limit) {
        reads += 1
        if (failure.error !== undefined) throw failure.error
        return rows.slice(afterSeq, afterSeq + limit)
      },
    },
    bus: {
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      onGap: (listener) => {
        gapListeners.add(listener)
        return () => gapListeners.delete(listener)
      },
    },
  })

  function open(startedAfter = rows.length, reader?: string) {
    return feeds.open({
      workspaceId: 'w',
      startedAfter,
      describe: ({ member }) => member,
      ...(reader !== undefined && { mayRead: ({ member }) => member === reader }),
    })
  }

  return {
    open,
    failure,
    listeners,
    reads: () => reads,
    write(member: string, count = 1) {
      for (let row = 0; row < count; row += 1) add(member)
      for (const listener of [...listeners]) listener({ kind: 'audit', workspaceId: 'w', id: 'w' })
    },
    loseNews(member: string) {
      add(member)
      for (const listener of gapListeners) listener()
    },
  }
}
