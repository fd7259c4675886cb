import { existsSync, mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { runProgram } from '../resilience/run-program.ts'
import { answerText, startSmall } from '../resilience/small-upstream.ts'
import { SteadyCalls } from '../resilience/steady-calls.ts'
import { WireClient } from '../resilience/wire-client.ts'

const SECRET = 'the-secret-that-no-backup-shows'

const backUp = (dataDir: string, file: string, ...more: string[]) =>
  runProgram(['--data-dir', dataDir, 'backup', file, ...more])

describe('a backup', () => {
  it('[R27] [T2] of a gateway under load is whole, shows no secret, and with the master key makes a gateway again', async () => {
    await using upstream = await startSmall(['tell'], (call) =>
      answerText(call, call.request.headers.authorization === `Bearer ${SECRET}` ? 'welcome' : 'who are you'),
    )
    using folder = mkdtempDisposableSync(join(tmpdir(), 'mcpgw-backup-'))
    const file = join(folder.path, 'backup.db')
    await using plane = await ControlPlane.start()
    const { slug, url, token } = await plane.workspace('team')
    await plane.addServer(slug, {
      name: 'up',
      url: upstream.url,
      headers: { Authorization: 'Bearer {{TOKEN}}' },
    })
    await plane.api('PUT', `/workspaces/${slug}/servers/up/credential`, { values: { TOKEN: SECRET } })
    const client = await WireClient.open(url, token)
    await using load = new SteadyCalls(100, async () => {
      const text = await client.call('up__tell')
      return text === 'welcome' ? undefined : text
    })
    await vi.waitFor(() => expect(load.calls.length).toBeGreaterThan(20), 5_000)
    const made = await backUp(plane.dataDir, file, '--json')
    await load.stop()
    expect(load.failed).toEqual([])
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('master key, which is not in it') })
    expect(JSON.parse(made.stdout)).toEqual({ file, bytes: statSync(file).size })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(existsSync(`${file}.partial`) || existsSync(`${file}-wal`)).toBe(false)

    const bytes = readFileSync(file)
    const masterKey = readFileSync(join(plane.dataDir, 'master.key'), 'utf8').trim()
    for (const value of [SECRET, token, plane.ownerToken, masterKey]) {
      expect(bytes.includes(value)).toBe(false)
      expect(bytes.includes(Buffer.from(value).toString('base64').slice(0, -4))).toBe(false)
    }
    expect(bytes.includes(Buffer.from(masterKey, 'base64'))).toBe(false)
    // Whoever reads the stored hashes out of it has no token.
    for (const hash of hashesIn(file))
      expect((await plane.tryApi('GET', '/whoami', undefined, hash)).status).toBe(401)
    await plane.kill()

    const restored = join(folder.path, 'restored')
    await expectRestored(file, masterKey, restored, { slug, token })
  }, 60_000)

  it('replaces nothing that is there, and leaves nothing where it cannot be made', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'mcpgw-backup-'))
    const file = join(folder.path, 'kept')
    writeFileSync(file, 'of yesterday')
    await using plane = await ControlPlane.start()
    expect(await backUp(plane.dataDir, file)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`${file} is there already`),
    })
    expect(readFileSync(file, 'utf8')).toBe('of yesterday')
    const nowhere = await backUp(plane.dataDir, join(folder.path, 'nowhere', 'backup.db'))
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be written') })
    const empty = join(folder.path, 'empty')
    expect(await backUp(empty, join(folder.path, 'b'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no database at'),
    })
    expect(existsSync(empty)).toBe(false)
  })

  it('of PostgreSQL is left to its own tools', async () => {
    const args = ['--database-url', 'postgres://user:geheim@127.0.0.1:1/gateway', 'backup', 'never.db']
    const ended = await runProgram(args)
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('pg_dump') })
    expect(ended.stderr).not.toContain('geheim')
  })
})

function hashesIn(file: string): string[] {
  using database = new DatabaseSync(file, { readOnly: true })
  return database
    .prepare('select hash from tokens')
    .all()
    .map(({ hash }) => String(hash))
}

/** A new data folder of the backup and the key that was kept apart: calls, the log, and nothing to set again. */
async function expectRestored(
  file: string,
  masterKey: string,
  dataDir: string,
  { slug, token }: { slug: string; token: string },
): Promise<void> {
  await runProgram(['--data-dir', dataDir, 'workspace', 'list'])
  for (const name of ['mcpgw.db', 'mcpgw.db-wal', 'mcpgw.db-shm']) {
    expect(existsSync(join(dataDir, name))).toBe(name === 'mcpgw.db')
  }
  await copyFile(file, join(dataDir, 'mcpgw.db'))
  writeFileSync(join(dataDir, 'master.key'), masterKey, { mode: 0o600 })
  await using again = await ControlPlane.start({ dataDir })
  const client = await WireClient.open(`${again.url}/ws/${slug}`, token)
  expect(await client.call('up__tell')).toBe('welcome')
  const verified = await runProgram(['--data-dir', dataDir, 'audit', 'verify', '--json'])
  expect(JSON.parse(verified.stdout)).toMatchObject({ items: [{ ok: true }, { ok: true }] })
}
