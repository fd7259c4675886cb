import { describe, expect, it } from 'vitest'
import type { AuditRow } from '../model/audit-row.ts'
import type { Change } from '../model/change.ts'
import { openAuditFeed } from './audit-feed.ts'

describe('a feed of the log', () => {
  it('answers with nothing when it was quiet for long enough', async () => {
    const { feed } = openLog()
    expect(await feed.next(1)).toEqual([])
  })

  it('tells of a row written while nobody was waiting', async () => {
    const { feed, write } = openLog()
    write('ada')
    expect(await feed.next(60_000)).toEqual(['ada'])
  })

  it('wakes for a row, also when the news of it was lost', async () => {
    const { feed, write, loseNews } = openLog()
    const first = feed.next(60_000)
    write('ada')
    expect(await first).toEqual(['ada'])
    const second = feed.next(60_000)
    loseNews('bob')
    expect(await second).toEqual(['bob'])
  })

  it('passes over rows that are not for the reader, and waits on', async () => {
    const { feed, write } = openLog()
    const next = feed.next(60_000)
    write('hidden')
    write('ada')
    expect(await next).toEqual(['ada'])
  })

  it('reads a long log to its end', async () => {
    const { feed, write } = openLog()
    for (let row = 0; row < 450; row += 1) write('ada')
    const counts = [await feed.next(1), await feed.next(1), await feed.next(1), await feed.next(1)].map(
      (rows) => rows?.length,
    )
    expect(counts).toEqual([200, 200, 50, 0])
  })

  it('ends for whoever is waiting when it is closed, and stops listening', async () => {
    const { feed, listeners } = openLog()
    const next = feed.next(60_000)
    feed.close()
    expect(await next).toBeUndefined()
    expect(await feed.next(60_000)).toBeUndefined()
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

  const feed = openAuditFeed({
    audit: {
      append: async () => [],
      search: async () => ({ items: [] }),
      head: async () => ({ seq: rows.length, hash: '' }),
      read: async (_workspaceId, afterSeq, limit) => rows.slice(afterSeq, afterSeq + limit),
      heads: async () => [],
      content: async () => undefined,
      segments: async () => [],
      lastBefore: async () => 0,
      seal: async () => undefined,
      deleteRows: async () => false,
    },
    bus: {
      publish: () => undefined,
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      onDoubt: () => () => undefined,
      onGap: (listener) => {
        gapListeners.add(listener)
        return () => gapListeners.delete(listener)
      },
    },
    workspaceId: 'w',
    startedAfter: 0,
    show: (row) => (row.member === 'hidden' ? undefined : row.member),
  })

  return {
    feed,
    listeners,
    write(member: string) {
      add(member)
      for (const listener of listeners) listener({ kind: 'audit', workspaceId: 'w', id: 'w' })
    },
    loseNews(member: string) {
      add(member)
      for (const listener of gapListeners) listener()
    },
  }
}
