import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { linkRow } from '../../src/audit/chain.ts'
import { type AuditEntry, type AuditRow, OUTCOMES } from '../../src/model/audit-row.ts'
import type { AuditFilter } from '../../src/model/stores.ts'
import { indexMore } from '../../src/stats/follow-log.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { isFull } from '../full-counts.ts'
import { diceOf } from '../month/dice.ts'
import { sampleEntry } from '../storage/samples.ts'
import { openDatabases } from './databases.ts'
import { everyRow } from './every-call.ts'

const databases = await openDatabases()
afterAll(() => databases[Symbol.asyncDispose]())

const ROWS = 15_000
const START = Date.UTC(2026, 0, 1)

/** Three whole blocks and a part; clocks that jump; values that are everywhere, rare, odd, and a block of ever new ones. */
function entries(): AuditEntry[] {
  const dice = diceOf(3)
  return Array.from({ length: ROWS }, (_, index) => {
    const jump = index % 900 < 30 ? dice.between(-5_000_000, 5_000_000) : 0
    const isNew = index > 4_500 && index < 7_500
    const server = dice.pick([
      ['jira', 50],
      ['git%hub', 30],
      ['a_b', 10],
      ['rare', 0.02],
    ] as const)
    const outcome = dice.pick(OUTCOMES.map((each) => [each, each === 'ok' ? 100 : 1] as const))
    const entry = sampleEntry('w', {
      kind: dice.next() < 0.002 ? 'management' : 'call',
      time: Math.floor(START + index * 1_000 + jump),
      member: dice.pick([
        ['ada', 50],
        ['Bruno', 20],
        ['seldom', 0.03],
      ] as const),
      tokenId: dice.pick([
        ['t1', 50],
        ['t2', 10],
        ['t3', 0.05],
      ] as const),
      outcome,
      requestId: `request-${index % 14_000}`,
      method: 'tools/call',
    })
    return {
      ...entry,
      ...(dice.next() < 0.9
        ? {
            server,
            tool: dice.pick([
              ['read', 9],
              ['Write\\it', 1],
            ] as const),
          }
        : {}),
      ...(dice.next() < 0.8
        ? {
            client: dice.pick([
              ['Cursor 1', 9],
              ['Ünlü', 1],
            ] as const),
          }
        : {}),
      shownAs: isNew ? `made-up-${index}` : `${server}__tool`,
      ...(outcome === 'denied'
        ? {
            reason: dice.pick([
              ['Not Allowed', 3],
              ['100%', 1],
            ] as const),
          }
        : {}),
    }
  })
}

const filters = fc.record(
  {
    server: fc.constantFrom('jira', 'a_b', 'rare', 'none', ''),
    tool: fc.constantFrom('read', 'Write\\it'),
    member: fc.constantFrom('ada', 'Bruno', 'seldom', 'bruno'),
    tokenId: fc.constantFrom('t1', 't2', 't3'),
    outcome: fc.constantFrom(...OUTCOMES),
    kind: fc.constantFrom('call' as const, 'management' as const),
    client: fc.constantFrom('Cursor 1', 'Ünlü'),
    requestId: fc.integer({ min: 0, max: 14_500 }).map((id) => `request-${id}`),
    q: fc.constantFrom(
      'JIRA',
      'b',
      '%',
      '_',
      '\\',
      'brun',
      'ü',
      'allowed',
      'made-up-60',
      '__',
      'nowhere',
      "'",
    ),
    from: fc.integer({ min: START - 6_000_000, max: START + ROWS * 1_000 }),
    to: fc.integer({ min: START - 6_000_000, max: START + ROWS * 1_000 }),
  },
  { requiredKeys: [] },
)

// The `q` comes often: alone the other filters rule most things out.
const asked = fc.record({
  filter: fc.oneof(
    filters,
    filters.map(({ q, from }) => ({
      ...(q === undefined ? {} : { q }),
      ...(from === undefined ? {} : { from }),
    })),
    filters.map(({ requestId }) => (requestId === undefined ? {} : { requestId })),
    filters.map(({ member, outcome }) => ({
      ...(member === undefined ? {} : { member }),
      ...(outcome === undefined ? {} : { outcome }),
    })),
  ),
  limit: fc.constantFrom(1, 7, 100, 500),
})

describe.each(databases.all)('a search of the log on $name', ({ freshUrl }) => {
  it('finds what a look at every row finds, in the same order, whatever is asked and wherever clocks jumped', async () => {
    await using storage = await openStorage({ url: await freshUrl(), clock: { now: () => 0 } })
    const all = entries()
    for (let done = 0; done < all.length; done += 3_000)
      await storage.audit.append(all.slice(done, done + 3_000), linkRow)
    while (!(await indexMore(storage.stats, storage.logIndex, 'w')));
    expect(await storage.logIndex.nextBlock('w')).toBe(3)
    const rows = (await everyRow(storage, 'w')).reverse()
    await fc.assert(
      fc.asyncProperty(asked, async ({ filter, limit }) => {
        const expected = rows.filter((row) => matches(row, filter))
        const first = await storage.audit.search({ workspaceId: 'w', ...filter }, { limit })
        expect(first.items).toEqual(expected.slice(0, limit))
        expect(first.nextCursor === undefined).toBe(expected.length <= limit)
        if (first.nextCursor === undefined) return
        const second = await storage.audit.search(
          { workspaceId: 'w', ...filter },
          { limit, cursor: first.nextCursor },
        )
        expect(second.items).toEqual(expected.slice(limit, 2 * limit))
      }),
      { numRuns: isFull ? 250 : 80 },
    )
    // What was pruned is found no more, and the rest still is.
    while (await storage.audit.deleteRows('w', 9_000, 500));
    await storage.logIndex.prune('w', 9_000)
    await fc.assert(
      fc.asyncProperty(asked, async ({ filter }) => {
        const expected = rows.filter((row) => row.seq > 9_000 && matches(row, filter))
        const { items } = await storage.audit.search({ workspaceId: 'w', ...filter }, { limit: 50 })
        expect(items).toEqual(expected.slice(0, 50))
      }),
      { numRuns: isFull ? 60 : 25 },
    )
  }, 120_000)

  it('is the same when two index the log at once', async () => {
    await using storage = await openStorage({ url: await freshUrl(), clock: { now: () => 0 } })
    await storage.audit.append(entries().slice(0, 9_000), linkRow)
    const { stats, logIndex } = storage
    await Promise.all([1, 2].map(() => indexMore(stats, logIndex, 'w')))
    await Promise.all([1, 2].map(() => indexMore(stats, logIndex, 'w')))
    expect(await logIndex.nextBlock('w')).toBe(2)
    const found = await storage.audit.search({ workspaceId: 'w', member: 'seldom' }, { limit: 500 })
    const rows = (await everyRow(storage, 'w')).reverse()
    expect(found.items).toEqual(rows.filter(({ member }) => member === 'seldom'))
  }, 60_000)
})

function matches(row: AuditRow, { q, from, to, ...equal }: Omit<AuditFilter, 'workspaceId'>): boolean {
  const own: Record<string, unknown> = { ...row }
  for (const [name, value] of Object.entries(equal)) if (own[name] !== value) return false
  if (from !== undefined && row.time < from) return false
  if (to !== undefined && row.time >= to) return false
  if (q === undefined) return true
  const texts = [row.server, row.tool, row.shownAs, row.member, row.client, row.reason]
  return texts.some((text) => text !== undefined && asciiLower(text).includes(asciiLower(q)))
}

function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
