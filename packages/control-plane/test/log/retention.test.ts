import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, vi } from 'vitest'
import { linkRow } from '../../src/audit/chain.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { ControlPlane } from '../control-plane.ts'
import { sampleEntry } from '../storage/samples.ts'

const DAY_MS = 86_400_000
const ROWS = 3_000

/** A log that was begun 90 days ago, a row every 43 minutes, as an earlier run of the program left it. */
async function fillLog(dataDir: string): Promise<void> {
  const now = Date.now()
  const clock = { now: () => now }
  await using storage = await openStorage({ url: `sqlite:${join(dataDir, 'mcpgw.db')}`, clock })
  await storage.workspaces.create({ id: 'w', slug: 'team', name: 'team', createdAt: now - 90 * DAY_MS })
  const content = { arguments: { text: '1', cut: false }, result: { text: '2', cut: false } }
  const entries = Array.from({ length: ROWS }, (_, row) =>
    sampleEntry('w', { time: now - 90 * DAY_MS + Math.floor(((row + 0.5) / ROWS) * 90 * DAY_MS), content }),
  )
  await storage.audit.append(entries, linkRow)
}

it('[U6] prunes what is older than a workspace keeps it, in sealed pieces behind which the log still verifies', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mcpgw-retention-'))
  await using folder = new AsyncDisposableStack()
  folder.defer(() => rm(dataDir, { recursive: true }))
  await fillLog(dataDir)
  await using plane = await ControlPlane.start({
    dataDir,
    args: ['--audit-retention-days', '60'],
    env: { MCPGW_MASTER_KEY: randomBytes(32).toString('base64') },
  })
  const verdict = () => plane.api('GET', '/workspaces/team/audit/verify')
  const older = async (days: number) => {
    const to = new Date(Date.now() - days * DAY_MS).toISOString()
    return (await plane.api('GET', `/workspaces/team/audit?to=${to}&limit=5`)).items
  }
  // A third of the rows is older than the 60 days of the installation.
  await vi.waitFor(async () => expect(await older(60)).toEqual([]), 10_000)
  await vi.waitFor(async () => expect(await verdict()).toMatchObject({ ok: true, pruned: ROWS / 3 }), 5_000)
  expect(await older(59)).not.toEqual([])

  await plane.api('PATCH', '/workspaces/team', { audit: { retentionDays: 30 } })
  await vi.waitFor(async () => expect(await older(30)).toEqual([]), 10_000)
  expect(await verdict()).toMatchObject({ ok: true, pruned: (ROWS * 2) / 3 })
  expect(await older(29)).not.toEqual([])
  // Who wanted that is also where the workspace cannot prune it.
  expect((await plane.api('GET', '/audit?tool=team')).items).toMatchObject([
    { method: 'workspace.update', shownAs: 'retention 30', outcome: 'ok' },
  ])
  const { items } = await plane.api('GET', '/workspaces/team/audit?kind=management')
  expect((items as object[]).filter((row) => 'method' in row && row.method === 'audit.prune')).toMatchObject([
    { member: 'mcpgw', tool: `${ROWS / 3 + 1}-${(ROWS * 2) / 3}` },
    { member: 'mcpgw', tool: `1-${ROWS / 3}` },
  ])

  await vi.waitFor(() => {
    using database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { readOnly: true })
    const count = (table: string) =>
      database.prepare(`select count(*) as n, min(seq) as first from ${table} where workspace_id = 'w'`).get()
    expect(count('audit_contents')).toEqual({ n: ROWS / 3, first: (ROWS * 2) / 3 + 1 })
    expect(count('audit_rows')).toMatchObject({ first: (ROWS * 2) / 3 + 1 })
  }, 5_000)

  // Figures of what is gone are gone: of every hour, and of every day that is gone as a whole.
  await vi.waitFor(() => {
    using database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { readOnly: true })
    const oldest = database
      .prepare(`select min(start) as start from call_stats where cube like 'hour %'`)
      .get()
    expect(Number(oldest?.start)).toBeGreaterThan(Date.now() - 30.1 * DAY_MS)
  }, 5_000)

  // Whoever deletes more without a seal is found out, and so is a seal of their own.
  using database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { timeout: 5_000 })
  database.exec(`delete from audit_rows where workspace_id = 'w' and seq = ${(ROWS * 2) / 3 + 1}`)
  expect(await verdict()).toEqual({ ok: false, firstBadSeq: (ROWS * 2) / 3 + 1, reason: 'missing' })
  database.exec(`update audit_segments set to_seq = to_seq + 1, rows = rows + 1 where from_seq > 1`)
  expect(await verdict()).toEqual({ ok: false, firstBadSeq: ROWS / 3 + 1, reason: 'segment_forged' })
}, 40_000)
