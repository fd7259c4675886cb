import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { monthQueries } from '../../../../bench/month-queries.ts'
import type { AuditRow } from '../../src/model/audit-row.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { ControlPlane } from '../control-plane.ts'
import { isFull } from '../full-counts.ts'
import { makeMonth } from '../month/make-month.ts'
import { openDatabases } from './databases.ts'
import { everyRow, exactly } from './every-call.ts'

const databases = await openDatabases()
afterAll(() => databases[Symbol.asyncDispose]())

const CALLS = isFull ? 12_000 : 5_000
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

type Item = Record<string, unknown> & { calls: number; errors: number; outcomes: object }
interface Answer {
  from: string
  to: string
  asOf: string
  total: Item
  items: Item[]
}

const VALUES: Record<string, (row: AuditRow) => string | null> = {
  server: ({ server }) => server ?? null,
  tool: ({ tool, method }) => (method === 'resources/read' ? null : (tool ?? null)),
  member: ({ member }) => member,
  tokenId: ({ tokenId }) => tokenId,
  client: ({ client }) => client ?? null,
}
const NAMES = ['server', 'tool', 'member', 'token', 'client']

describe.each(databases.all)('the figures of a month on $name', ({ name, freshUrl }) => {
  it('are those of its calls, for every question a dashboard asks', async () => {
    const url = await freshUrl()
    const now = Date.now()
    const dataDir = await mkdtemp(join(tmpdir(), 'mcpgw-month-'))
    await using opened = new AsyncDisposableStack()
    opened.defer(() => rm(dataDir, { recursive: true }))
    const storage = opened.use(await openStorage({ url, clock: { now: () => now } }))
    const { id } = await makeMonth({
      storage,
      workspace: { slug: 'acme', name: 'Acme' },
      seed: 7,
      calls: CALLS,
      now,
    })
    const rows = (await everyRow(storage, id)).filter(({ kind }) => kind === 'call')
    expect(rows).toHaveLength(CALLS)
    const plane = opened.use(
      await ControlPlane.start({
        dataDir,
        args: ['--hosting', 'off', '--database-url', url],
        env: { MCPGW_MASTER_KEY: randomBytes(32).toString('base64') },
      }).catch((error) => {
        throw new Error(`${name}: ${error}`)
      }),
    )
    const rare = rows.find(({ member }) => member === 'kofi')
    const asked = monthQueries('/workspaces/acme', now, rare?.requestId ?? '')
    const stats = asked.filter(([, path]) => path.includes('/stats?'))
    expect(stats.length).toBeGreaterThan(20)
    for (const [title, path] of stats) {
      const answer = (await plane.api('GET', path)) as unknown as Answer
      compare(title, new URLSearchParams(path.split('?')[1]), answer, rows)
    }
    expect(await plane.api('GET', '/workspaces/acme/audit/verify')).toMatchObject({ ok: true })
    const searches = asked.filter(([, path]) => path.includes('/audit?'))
    expect(searches.length).toBeGreaterThan(10)
    for (const [title, path] of searches) {
      const query = new URLSearchParams(path.split('?')[1])
      if (query.get('kind') === 'management') continue
      const only = query.has('kind') ? '' : '&kind=call'
      const { items } = (await plane.api('GET', `${path}${only}`)) as unknown as { items: { seq: number }[] }
      const expected = rows.filter((row) => isAskedFor(row, query)).map(({ seq }) => seq)
      expect(
        items.map(({ seq }) => seq),
        title,
      ).toEqual(expected.reverse().slice(0, 100))
    }
  }, 300_000)
})

function compare(title: string, query: URLSearchParams, answer: Answer, all: readonly AuditRow[]): void {
  const [from, to] = [Date.parse(answer.from), Date.parse(answer.to)]
  expect([from <= Number(query.get('from')), to >= Number(query.get('to'))], title).toEqual([true, true])
  const rows = all.filter((row) => row.time >= from && row.time < to && isAskedFor(row, query, false))
  expectFigures(title, answer.total, rows)
  const bucket = query.get('bucket')
  const offsetMs = Number(query.get('utcOffset') ?? 0) * 60_000
  const by = (query.get('by') ?? '').split(',').filter(Boolean)
  const columns = by.map((each) => (each === 'token' ? 'tokenId' : each))
  const place = (time: number) => placeOf(time + offsetMs, bucket, offsetMs)
  const groups = Map.groupBy(rows, (row) =>
    JSON.stringify([...columns.map((column) => VALUES[column]?.(row)), ...place(row.time)]),
  )
  const limited = answer.items.length < groups.size
  if (limited) expect([title, answer.items.length]).toEqual([title, Number(query.get('limit'))])
  const seen = new Set<string>()
  for (const item of answer.items) {
    const at =
      bucket === null
        ? []
        : bucket === 'weekhour'
          ? [item.weekday, item.hour]
          : [Date.parse(String(item.start))]
    const key = JSON.stringify([...columns.map((column) => item[column]), ...at])
    expect(seen.has(key), `${title} ${key} comes once`).toBe(false)
    seen.add(key)
    expectFigures(`${title} ${key}`, item, groups.get(key) ?? [])
  }
  const calls = answer.items.map((item) => item.calls)
  if (bucket === null) expect(calls, title).toEqual(calls.toSorted((a, b) => b - a))
}

function placeOf(localTime: number, bucket: string | null, offsetMs: number): number[] {
  if (bucket === null) return []
  const local = new Date(Math.floor(localTime / HOUR_MS) * HOUR_MS)
  if (bucket === 'weekhour') return [(local.getUTCDay() + 6) % 7, local.getUTCHours()]
  const step = { minute: 60_000, hour: HOUR_MS, day: DAY_MS }[bucket] ?? Number.NaN
  return [Math.floor(localTime / step) * step - offsetMs]
}

function expectFigures(title: string, item: Item, rows: readonly AuditRow[]): void {
  const { latency, upstream, gateway, ...counted } = exactly(rows)
  expect(item, title).toMatchObject(counted)
  for (const [name, exact] of [
    ['latencyMs', latency],
    ['upstreamMs', upstream],
    ['gatewayMs', gateway],
  ] as const) {
    const found = item[name] as typeof exact
    if (exact === null || found === null) {
      expect([title, name, found]).toEqual([title, name, exact])
      continue
    }
    expect(found.mean, title).toBeCloseTo(exact.mean, 2)
    for (const share of ['p50', 'p95', 'p99'] as const) {
      // By a bucket at most, each of which ends at √2 of its beginning; the first at 0.25 ms.
      const { low, high } = {
        low: exact[share] / 1.4143 - 0.001,
        high: Math.max(0.25, exact[share] * 1.4143) + 0.001,
      }
      expect(
        found[share] >= (exact[share] < 0.25 ? 0 : low) && found[share] <= high,
        `${title} ${name} ${share}`,
      ).toBe(true)
    }
  }
}

function isAskedFor(row: AuditRow, query: URLSearchParams, isLog = true): boolean {
  const own: Record<string, unknown> = { ...row, token: row.tokenId }
  if (!isLog) own.tool = VALUES.tool?.(row)
  for (const name of [...NAMES, 'outcome', 'requestId', 'kind'])
    if (query.has(name) && own[name] !== query.get(name)) return false
  if (isLog && query.has('from') && row.time < Number(query.get('from'))) return false
  if (isLog && query.has('to') && row.time >= Number(query.get('to'))) return false
  const part = query.get('q')?.toLowerCase()
  const texts = [row.server, row.tool, row.shownAs, row.member, row.client, row.reason]
  return part === undefined || texts.some((text) => text?.toLowerCase().includes(part) === true)
}
