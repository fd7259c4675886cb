import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { linkRow } from '../../src/audit/chain.ts'
import type { AuditRow } from '../../src/model/audit-row.ts'
import { ControlPlane } from '../control-plane.ts'
import { runProgram } from '../resilience/run-program.ts'

const ROWS = 12
const open = new AsyncDisposableStack()
let folder: string
let dataDir: string
let checkpoints: string
let publicKey: string

/** A log that was written, checkpointed and closed; each test works on a copy of it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpgw-tampering-'))
  open.defer(() => rm(folder, { recursive: true }))
  dataDir = join(folder, 'data')
  checkpoints = join(folder, 'checkpoints.jsonl')
  const args = ['--audit-checkpoints', checkpoints, '--audit-checkpoint-seconds', '1']
  await using plane = await ControlPlane.start({ dataDir, args })
  await plane.workspace('team')
  publicKey = String((await plane.api('GET', '/audit/checkpoint-key')).publicKey)
  const linesOf = async () =>
    (await readFile(checkpoints, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  await vi.waitFor(
    async () =>
      expect((await linesOf()).some(({ seq, workspace }) => seq === 2 && workspace.slug === 'team')).toBe(
        true,
      ),
    5_000,
  )
  for (let row = 2; row < ROWS; row++) {
    await plane.api('POST', '/workspaces/team/tokens', {
      name: `token ${row}`,
      member: 'mia',
      role: 'developer',
    })
  }
  await plane.kill()
  // Once more as it stopped, and no other could have read it.
  expect((await linesOf()).findLast(({ workspace }) => workspace.slug === 'team')).toMatchObject({
    seq: ROWS,
  })
  expect((await stat(checkpoints)).mode & 0o777).toBe(0o600)
}, 30_000)

afterAll(() => open.disposeAsync())

async function tampered(sql: (database: DatabaseSync, rows: AuditRow[]) => void): Promise<string> {
  const copy = await mkdtemp(join(folder, 'copy-'))
  await cp(dataDir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  using database = new DatabaseSync(join(copy, 'mcpgw.db'))
  const rows = database
    .prepare("select * from audit_rows where workspace_id <> 'installation' order by seq")
    .all()
  sql(database, rows.map(asRow))
  return copy
}

/** As the program reads it: camelCase, and absent where null. */
function asRow(stored: Record<string, unknown>): AuditRow {
  const entries = Object.entries(stored).filter(([, value]) => value !== null)
  const named = entries.map(([name, value]) => [
    name.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase()),
    value,
  ])
  return Object.fromEntries(named)
}

async function verify(copy: string, ...evidence: string[]) {
  const { code, stdout, stderr } = await runProgram(
    ['--data-dir', copy, 'audit', 'verify', 'team', '--json', ...evidence],
    {},
    30_000,
  )
  const [verdict] = JSON.parse(stdout || '{"items":[]}').items
  return { code, verdict, stderr }
}

const withCheckpoints = (copy: string) => verify(copy, '--checkpoints', checkpoints, '--key', publicKey)

const OF_TEAM = "workspace_id <> 'installation'"
const SET_HEAD = `update audit_heads set seq = ?, hash = ? where ${OF_TEAM}`

/** Everything from a row on as if it had been written so, head and all: what the chain alone cannot see. */
function rewrite(database: DatabaseSync, rows: AuditRow[], from: number): void {
  let hash = rows[from - 2]?.hash ?? ''
  for (const row of rows.slice(from - 1)) {
    const { hash: _, ...changed } = { ...row, member: 'somebody-else' }
    hash = linkRow(hash, changed)
    database
      .prepare(`update audit_rows set member = 'somebody-else', hash = ? where ${OF_TEAM} and seq = ?`)
      .run(hash, row.seq)
  }
  database.prepare(SET_HEAD).run(rows.length, hash)
}

describe('[U2] a log that was touched in the database', () => {
  it('is intact as it was written, with a checkpoint behind every part of it', async () => {
    const copy = await tampered(() => {})
    const { code, verdict } = await withCheckpoints(copy)
    expect({ code, verdict }).toMatchObject({ code: 0, verdict: { ok: true, rows: ROWS, pruned: 0 } })
    expect(verdict.checkpoints).toBeGreaterThanOrEqual(2)
  })

  it.each<[string, (database: DatabaseSync, rows: AuditRow[]) => void, number, string]>([
    [
      'one byte of a row',
      (database) => database.exec(`update audit_rows set tool = tool || 'x' where ${OF_TEAM} and seq = 5`),
      5,
      'changed',
    ],
    [
      'a row out of the middle',
      (database) => database.exec(`delete from audit_rows where ${OF_TEAM} and seq = 7`),
      7,
      'missing',
    ],
    [
      'the tail, together with the recorded end',
      (database, rows) => {
        database.exec(`delete from audit_rows where ${OF_TEAM} and seq > 9`)
        database.prepare(SET_HEAD).run(9, rows[8]?.hash ?? '')
      },
      10,
      'missing',
    ],
    [
      'two rows that changed places',
      (database) =>
        database.exec(
          `update audit_rows set seq = -1 where ${OF_TEAM} and seq = 4;
           update audit_rows set seq = 4 where ${OF_TEAM} and seq = 6;
           update audit_rows set seq = 6 where ${OF_TEAM} and seq = -1`,
        ),
      4,
      'changed',
    ],
    [
      'a row put in between',
      (database) =>
        database.exec(
          `update audit_rows set seq = -seq - 1 where ${OF_TEAM} and seq > 5; update audit_rows set seq = -seq where ${OF_TEAM} and seq < 0;
           create temp table one as select * from audit_rows where ${OF_TEAM} and seq = 5;
           update one set seq = 6; insert into audit_rows select * from one`,
        ),
      6,
      'changed',
    ],
    [
      'the whole chain, with hashes that fit',
      (database, rows) => rewrite(database, rows, 1),
      2,
      'checkpoint_differs',
    ],
    [
      'rows set back and written anew',
      (database, rows) => rewrite(database, rows, 9),
      ROWS,
      'checkpoint_differs',
    ],
  ])('is found out: %s', async (_, sql, firstBadSeq, reason) => {
    const { code, verdict } = await withCheckpoints(await tampered(sql))
    expect({ code, verdict }).toMatchObject({ code: 1, verdict: { ok: false, reason } })
    // Of a rewritten chain the first row known from a checkpoint is the first that can be told to be wrong.
    if (reason === 'checkpoint_differs') expect(verdict.firstBadSeq).toBeLessThanOrEqual(firstBadSeq)
    else expect(verdict.firstBadSeq).toBe(firstBadSeq)
  })

  it('cannot be covered for by checkpoints that were not signed here', async () => {
    const lines = (await readFile(checkpoints, 'utf8')).trim().split('\n')
    const copy = await tampered(() => {})
    const forged = join(folder, 'forged.jsonl')
    const changed = lines.map((line) => line.replace(/"seq":(\d+)/, (_, seq) => `"seq":${Number(seq) + 100}`))
    await writeFile(forged, `${changed.join('\n')}\nhalf of a li`)
    const { code, verdict, stderr } = await verify(copy, '--checkpoints', forged, '--key', publicKey)
    expect({ code, verdict }).toMatchObject({ code: 1, verdict: { ok: false, reason: 'checkpoint_forged' } })
    expect(stderr).toContain('no checkpoints: 1')
    const unsaid = await verify(copy, '--checkpoints', checkpoints)
    expect(unsaid).toMatchObject({ code: 0, verdict: { ok: true } })
    expect(unsaid.stderr).toContain('the key that the gateway itself names')
  })
})
