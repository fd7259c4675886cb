import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { runProgram } from '../resilience/run-program.ts'

const ROWS = 20_000
const HOSTILE = '\u001b[2J\u001b]0;pwned\u0007=cmd|calc\u009b'

/** Rows as a long life leaves them; their hashes are nobody's business here. */
function fillLog(dataDir: string): void {
  using database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { timeout: 5_000 })
  const { id } = database.prepare("select id from workspaces where slug = 'team'").get() as { id: string }
  database
    .prepare(
      `with recursive place(seq) as (select 3 union all select seq + 1 from place where seq <= ${ROWS})
       insert into audit_rows (workspace_id, seq, latest_time, time, kind, token_id, member, tool, shown_as, outcome, role,
         method, latency_ms, bytes_in, bytes_out, request_id, hash)
       select ?, seq, seq, seq, 'call', 't', 'ada', ?, 'notes__read', 'ok', 'developer', 'tools/call', 1.5, 10, 20, 'r' || seq, 'h'
       from place`,
    )
    .run(id, HOSTILE)
  database.prepare('update audit_heads set seq = ? where workspace_id = ?').run(ROWS + 1, id)
}

it('[W9] exports a log while the gateway goes on, and harmless to spreadsheets and terminals', async () => {
  await using plane = await ControlPlane.start()
  await plane.workspace('team')
  fillLog(plane.dataDir)
  const headers = { authorization: `Bearer ${plane.ownerToken}` }
  let lines = 0
  let slowestMs = 0
  let exporting = true
  const watching = (async () => {
    while (exporting) {
      const askedAt = performance.now()
      await (await fetch(`${plane.url}/healthz`)).text()
      slowestMs = Math.max(slowestMs, performance.now() - askedAt)
      await delay(20)
    }
  })()
  const response = await fetch(`${plane.url}/api/v1/workspaces/team/audit/export?format=csv`, { headers })
  for await (const chunk of response.body ?? []) {
    const text = Buffer.from(chunk).toString('latin1')
    lines += text.split('\r\n').length - 1
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
    expect(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f]/.test(text)).toBe(false)
  }
  exporting = false
  await watching
  // With a heading, the rows made by SQL, and what people did.
  expect(lines).toBeGreaterThanOrEqual(ROWS + 2)
  expect(slowestMs).toBeLessThan(2_000)

  const shown = await runProgram(
    ['--data-dir', plane.dataDir, 'audit', 'list', 'team', '--limit', '3'],
    {},
    20_000,
  )
  expect(shown.code).toBe(0)
  expect(shown.stdout).toContain('[2J')
  expect(shown.stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  const span = await runProgram(
    ['--data-dir', plane.dataDir, 'audit', 'export', 'team', '--format', 'csv', '--from', '10', '--to', '13'],
    {},
    20_000,
  )
  const [heading, ...rows] = span.stdout.trim().split('\r\n')
  expect(heading).toMatch(/^seq,time,/)
  expect(rows.map((row) => row.split(',')[0])).toEqual(['10', '11', '12'])
  expect(rows[0]).toContain("'\ufffd[2J\ufffd]0;pwned\ufffd=cmd|calc\ufffd")
}, 120_000)
