import { afterAll, describe, expect, it, vi } from 'vitest'
import { linkRow } from '../../src/audit/chain.ts'
import type { AuditEntry } from '../../src/model/audit-row.ts'
import { DIMENSIONS, type StatsGroup } from '../../src/model/call-stats.ts'
import type { GatewayError } from '../../src/model/error.ts'
import type { Storage } from '../../src/model/stores.ts'
import { CUBES } from '../../src/stats/cubes.ts'
import { countMore } from '../../src/stats/follow-log.ts'
import { createFollower } from '../../src/stats/follower.ts'
import { forgetPruned } from '../../src/stats/forget-pruned.ts'
import { callsIn } from '../../src/stats/sums.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { isFull } from '../full-counts.ts'
import { callsOfMonth } from '../month/calls.ts'
import { diceOf } from '../month/dice.ts'
import { countAll } from '../month/make-month.ts'
import { startProgram } from '../storage/child.ts'
import { link, sampleEntry } from '../storage/samples.ts'
import { openDatabases } from './databases.ts'
import { everyRow, exactly } from './every-call.ts'

const databases = await openDatabases()
afterAll(() => databases[Symbol.asyncDispose]())

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 2, 12, 10, 30)

describe.each(databases.all)('counting the log on $name', ({ name, freshUrl }) => {
  const open = async (url: string) => openStorage({ url, clock: { now: () => NOW } })

  it('adds what it has counted and where it is in one step, and once', async () => {
    await using storage = await open(await freshUrl())
    await storage.audit.append([sampleEntry('w', { time: NOW }), sampleEntry('w', { time: NOW })], link)
    const { stats } = storage
    expect(await countMore(stats, 'w', NOW)).toMatchObject({ atEnd: true, time: NOW })
    expect(await stats.countedTo('w')).toBe(2)
    // Somebody who read the same rows, and is late.
    expect(await stats.add('w', { from: 0, to: 2 }, await allCells(storage))).toBe(false)
    expect(await stats.add('w', { from: 1, to: 2 }, [])).toBe(false)
    expect(await callsOfEach(storage)).toEqual(CUBES.map(() => 2))
    expect(await countMore(stats, 'w', NOW)).toEqual({ atEnd: true, time: undefined })
  })

  it('counts calls alone, of each workspace by itself', async () => {
    await using storage = await open(await freshUrl())
    const at = { time: NOW }
    await storage.audit.append(
      [sampleEntry('w', at), sampleEntry('w', { ...at, kind: 'management' }), sampleEntry('v', at)],
      link,
    )
    for (const workspaceId of ['w', 'v']) await countMore(storage.stats, workspaceId, NOW)
    expect(await callsOfEach(storage)).toEqual(CUBES.map(() => 1))
  })

  it('gives the same figures a little at a time, in bulk, and by two who race', async () => {
    const calls = monthOf(isFull ? 3_000 : 800)
    const figures: StatsGroup[][][] = []
    for (const way of ['little', 'bulk', 'race'] as const) {
      const url = await freshUrl()
      await using storage = await open(url)
      await using other = name === 'PostgreSQL' ? await open(url) : undefined
      await storage.audit.append(calls, linkRow)
      if (way === 'bulk') await countAll(storage, 'w', NOW)
      if (way === 'little') while (!(await countMore(storage.stats, 'w', NOW)).atEnd);
      if (way === 'race')
        await Promise.all([countToEnd(storage), countToEnd(other ?? storage), countToEnd(storage)])
      figures.push(await everything(storage))
    }
    const [little, bulk, race] = figures
    expect(little?.flat().length).toBeGreaterThan(500)
    expect(bulk).toEqual(little)
    expect(race).toEqual(little)
  }, 120_000)

  it('loses no call and counts none twice when it is killed', async () => {
    const url = await freshUrl()
    for (const after of [400, 250, 700]) {
      await using counter = startProgram('count', url)
      for (let logged = 0; logged < after; ) logged = Number((await counter.lines.next()).value)
      counter.process.kill('SIGKILL')
      await counter.exited
    }
    await using storage = await open(url)
    while (!(await countMore(storage.stats, 'w', NOW)).atEnd);
    const rows = await everyRow(storage, 'w')
    const exact = exactly(rows)
    const cubes = CUBES.filter(({ grain }) => grain !== 'minute')
    for (const { name: cube } of cubes) {
      const [sums] = await storage.stats.sums({
        workspaceId: 'w',
        spans: [{ cube, from: 0, to: NOW }],
        by: [],
        where: {},
        limit: 1,
      })
      expect([cube, sums && callsIn(sums.sums)]).toEqual([cube, rows.length])
      expect(sums?.sums).toMatchObject({ bytesOut: exact.bytesOut, bytesIn: exact.bytesIn })
      expect(sums?.sums.timings.latency.sumUs).toBe(rows.length * 12_000)
      expect(sums?.sums.timings.upstream.counts.reduce((a, b) => a + b)).toBe(rows.length)
    }
  }, 60_000)

  it('keeps minutes for 26 hours, and forgets what was pruned of the log', async () => {
    await using storage = await open(await freshUrl())
    const hours = [200, 60, 30, 2, 1]
    await storage.audit.append(
      hours.map((hour) => sampleEntry('w', { time: NOW - hour * HOUR_MS, server: 's' })),
      linkRow,
    )
    await countMore(storage.stats, 'w', NOW)
    expect(await callsOfEach(storage)).toEqual(CUBES.map(({ grain }) => (grain === 'minute' ? 2 : 5)))
    await forgetPruned(storage.stats, storage.logIndex, 'w', { seq: 2, time: NOW - 60 * HOUR_MS })
    // The day of the second is not over at that time, its hour nearly.
    expect(await callsOfEach(storage)).toEqual(CUBES.map(({ grain }) => (grain === 'minute' ? 2 : 4)))
    await forgetPruned(storage.stats, storage.logIndex, 'w', { seq: 3, time: NOW - 30 * HOUR_MS })
    expect(await callsOfEach(storage)).toEqual(
      CUBES.map(({ grain }) => ({ minute: 2, hour: 3, day: 3 })[grain]),
    )
  })

  it('follows the log by itself, and is asked to catch up', async () => {
    await using storage = await open(await freshUrl())
    const errors: GatewayError[] = []
    await using follower = createFollower({
      ...storage,
      index: storage.logIndex,
      clock: { now: () => NOW },
      reportError: (error) => errors.push(error),
    })
    follower.start()
    await storage.audit.append([sampleEntry('w', { time: NOW })], link)
    expect(await follower.catchUp('w', 5_000)).toBe(NOW)
    expect(await storage.stats.countedTo('w')).toBe(1)
    await storage.audit.append([sampleEntry('w', { time: NOW })], link)
    // At most every two seconds, without being asked.
    await vi.waitFor(async () => expect(await storage.stats.countedTo('w')).toBe(2), 10_000)
    expect(errors).toEqual([])
  }, 20_000)

  it('says how far it is when it cannot catch up in time', async () => {
    await using storage = await open(await freshUrl())
    await storage.audit.append(monthOf(2_000), linkRow)
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
    let added = 0
    const slow = {
      ...storage.stats,
      add: async (...cells: Parameters<Storage['stats']['add']>) => {
        added += 1
        if (added > 1) await mayGoOn
        return storage.stats.add(...cells)
      },
    }
    await using follower = createFollower({
      ...storage,
      stats: slow,
      index: storage.logIndex,
      clock: { now: () => NOW },
      reportError: () => {},
    })
    const begin = performance.now()
    const asOf = await follower.catchUp('w', 2_000)
    goOn()
    expect(performance.now() - begin).toBeLessThan(10_000)
    expect(asOf).toBeLessThan(NOW)
    expect(asOf).toBeGreaterThan(NOW - 31 * 24 * HOUR_MS)
  })
})

function monthOf(calls: number): AuditEntry[] {
  const tokenId = (member: string, token: string) => `${member} ${token}`
  return [...callsOfMonth({ workspaceId: 'w', calls, now: NOW, tokenId }, diceOf(5))]
}

async function countToEnd({ stats }: Storage): Promise<void> {
  while (!(await countMore(stats, 'w', NOW)).atEnd);
}

/** All cells of all cubes, as sums. */
function everything({ stats }: Storage): Promise<StatsGroup[][]> {
  return Promise.all(
    CUBES.map(({ name: cube }) =>
      stats.sums({
        workspaceId: 'w',
        spans: [{ cube, from: 0, to: NOW + HOUR_MS }],
        by: DIMENSIONS,
        where: {},
        axis: { kind: 'steps', stepMs: 60_000, offsetMs: 0 },
        limit: 100_000,
      }),
    ),
  )
}

async function callsOfEach(storage: Storage): Promise<number[]> {
  const cubes = await everything(storage)
  return cubes.map((groups) => groups.reduce((sum, { sums }) => sum + callsIn(sums), 0))
}

async function allCells(storage: Storage) {
  const [minutes = []] = await everything(storage)
  return minutes.map(({ values, at, sums }) => ({
    cube: 'minute server',
    start: at ?? 0,
    values: { server: '', tool: '', tokenId: '', member: '', client: '', ...values },
    sums,
  }))
}
