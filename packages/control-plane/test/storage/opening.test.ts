import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inspect } from 'node:util'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { openStorage } from '../../src/storage/open-storage.ts'
import { startPostgres } from '../postgres.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-opening-'))
const postgres = await startPostgres()
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await postgres?.[Symbol.asyncDispose]()
})

const open = (url: string) => openStorage({ url, clock: { now: () => 0 } })
const refusal = (message: string) => ({
  code: 'configuration',
  message: expect.stringContaining(message),
  fix: expect.any(String),
})

describe('opening SQLite', () => {
  it('makes file and folder for their owner alone', async () => {
    const path = join(folder, 'new', 'deeper', 'x.db')
    await using storage = await open(`sqlite:${path}`)
    await storage.ping()
    const modes = [path, `${path}-wal`, join(folder, 'new')].map((made) => statSync(made).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600, 0o700])
  })

  it('takes an absolute path after two slashes as well', async () => {
    const path = join(folder, 'slashes.db')
    await using storage = await open(`sqlite://${path}`)
    await storage.ping()
    expect(statSync(path).isFile()).toBe(true)
  })

  it('says when the file is no database, and leaves it as it was', async () => {
    const path = join(folder, 'letter.db')
    writeFileSync(path, 'Dear reader, '.repeat(1_000))
    await expect(open(`sqlite:${path}`)).rejects.toMatchObject(refusal(path))
    expect(statSync(path).size).toBe(13_000)
  })

  it('says when the file cannot be made', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    await expect(open(`sqlite:${file}/x.db`)).rejects.toMatchObject(refusal('cannot be opened'))
  })

  it('refuses a database of a newer version', async () => {
    const path = join(folder, 'newer.db')
    await (await open(`sqlite:${path}`))[Symbol.asyncDispose]()
    const file = new DatabaseSync(path)
    file.exec("insert into schema_migrations values (999, 'from-the-future', 0)")
    file.close()
    await expect(open(`sqlite:${path}`)).rejects.toMatchObject(refusal('newer version'))
  })
})

describe('opening by URL', () => {
  it.each(['', 'mysql://localhost/x', 'sqlite:', '/var/lib/mcpgw.db'])('refuses "%s"', async (url) => {
    await expect(open(url)).rejects.toMatchObject(refusal('neither SQLite nor PostgreSQL'))
  })

  it.each(['postgres://user:s3cret@host:port/db', 'postgres://user:s3cret@[::1/db'])(
    'refuses "%s" without repeating the password',
    async (url) => {
      const error: unknown = await open(url).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject(refusal('cannot be read'))
      expect(inspect(error, { depth: 9 })).not.toContain('s3cret')
    },
  )
})

describe('opening PostgreSQL', () => {
  it('says where nobody answers, but not the password', async () => {
    const port = await closedPort()
    const error: unknown = await open(`postgres://ada:s3cret@127.0.0.1:${port}/gateway`).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject(refusal(`127.0.0.1 port ${port}, database "gateway"`))
    expect(inspect(error, { depth: 9 })).not.toContain('s3cret')
  })

  // The harness warns why there is no PostgreSQL, where there is none.
  it.skipIf(postgres === undefined)('says which database is missing', async () => {
    const url = new URL((await postgres?.url()) ?? '')
    url.pathname = '/absent'
    const error = { ...refusal('database "absent"'), fix: expect.stringContaining('Create the database') }
    await expect(open(url.href)).rejects.toMatchObject(error)
  })

  it.skipIf(postgres === undefined)('refuses a database of a newer version', async () => {
    const url = (await postgres?.url()) ?? ''
    await (await open(url))[Symbol.asyncDispose]()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query("insert into schema_migrations values (999, 'from-the-future', 0)")
    await client.end()
    await expect(open(url)).rejects.toMatchObject(refusal('newer version'))
  })
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
