import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { answerText, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-small-disk-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]).status === 0

afterAll(() => {
  if (mounted) spawnSync('umount', ['--lazy', folder])
  rmSync(folder, { recursive: true, force: true })
})

/** Writes until nothing more fits; gives the file that makes room again when it is removed. */
function fillDisk(): string {
  const path = join(folder, 'ballast')
  const file = openSync(path, 'w')
  try {
    for (const size of [65_536, 4_096, 1]) {
      const block = Buffer.alloc(size)
      try {
        while (writeSync(file, block) === size);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
      }
    }
  } finally {
    closeSync(file)
  }
  return path
}

if (!mounted) it.skip('needs a small disk, and only root may mount one', () => {})

it.skipIf(!mounted)(
  '[U5] [R24] refuses calls while the disk is full, goes on reading, loses no row, and works again by itself when there is room',
  async () => {
    const arrived: string[] = []
    await using upstream = await startSmall(['echo'], (call) => {
      arrived.push(String(call.args.n))
      answerText(call, 'ok')
    })
    const env = { MCPGW_MASTER_KEY: randomBytes(32).toString('base64') }
    await using plane = await ControlPlane.start({ dataDir: join(folder, 'data'), env })
    const { slug, url, token } = await plane.workspace('team')
    await plane.addServer(slug, { name: 'up', url: upstream.url })
    const client = await WireClient.open(url, token)
    const answered: string[] = []
    let calls = 0
    const call = async () => {
      const n = `${++calls}`
      const answer = await client.send('tools/call', {
        name: 'up__echo',
        arguments: { n, fill: 'x'.repeat(200) },
      })
      if (answer.body.result !== undefined) answered.push(n)
      return answer
    }
    for (let row = 0; row < 20; row++) await call()
    expect(answered).toHaveLength(20)

    const ballast = fillDisk()
    // What SQLite has in hand may take some more rows.
    await vi.waitFor(async () => expect((await call()).body.result).toBeUndefined(), {
      timeout: 10_000,
      interval: 0,
    })
    const reached = arrived.length
    for (let row = 0; row < 30; row++) {
      const { body } = await call()
      expect(JSON.stringify(body)).toContain('The audit log cannot be written')
    }
    expect(arrived.length).toBe(reached)
    const refused = await plane.tryApi('POST', `/workspaces/${slug}/tokens`, {
      name: 'x',
      member: 'x',
      role: 'developer',
    })
    expect(refused).toMatchObject({ status: 503, body: { code: 'audit_unavailable' } })
    expect((await plane.api('GET', '/whoami')).role).toBe('owner')
    expect((await plane.api('GET', `/workspaces/${slug}/audit?kind=call`)).items).not.toEqual([])
    expect(await client.tools()).toEqual(['up__echo'])
    expect((await fetch(`${plane.url}/healthz`)).status).toBe(200)

    rmSync(ballast)
    const freeAt = performance.now()
    await vi.waitFor(async () => expect((await call()).body.result).toBeDefined(), {
      timeout: 5_000,
      interval: 50,
    })
    expect(performance.now() - freeAt).toBeLessThan(5_000)
    expect(
      (await plane.api('POST', `/workspaces/${slug}/tokens`, { name: 'x', member: 'x', role: 'developer' }))
        .id,
    ).toBeDefined()

    using database = new DatabaseSync(join(folder, 'data', 'mcpgw.db'), { readOnly: true })
    expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    const rows = database.prepare("select count(*) as n from audit_rows where method = 'tools/call'").get()
    expect(rows).toEqual({ n: arrived.length })
    expect(answered.filter((n) => !arrived.includes(n))).toEqual([])
    expect(await plane.api('GET', `/workspaces/${slug}/audit/verify`)).toMatchObject({ ok: true })
  },
  60_000,
)
