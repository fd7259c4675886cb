import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { openSqlite } from '../../src/storage/sqlite.ts'
import { openSqliteReader } from '../../src/storage/sqlite-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-reader-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const open = () => openSqlite(join(folder, `${files++}.db`), { now: () => 0 })

it('reads what was just committed', async () => {
  await using database = await open()
  const workspace = { id: 'w', slug: 's', name: 'N', createdAt: 7, audit: null }
  await database.kysely.insertInto('workspaces').values(workspace).execute()
  expect(await database.reader.selectFrom('workspaces').selectAll().execute()).toEqual([workspace])
})

it('holds nothing up while it reads for long', async () => {
  await using database = await open()
  const counting = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select count(*) from n`
  let isRead = false
  const reading = counting.execute(database.reader).then(() => {
    isRead = true
  })
  let answers = 0
  while (!isRead) {
    await sql`select 1`.execute(database.kysely)
    await new Promise((resolve) => setImmediate(resolve))
    answers += 1
  }
  await reading
  expect(answers).toBeGreaterThan(20)
})

it('can write nothing', async () => {
  await using database = await open()
  await expect(sql`delete from workspaces`.execute(database.reader)).rejects.toThrow(/readonly/)
  await expect(database.reader.transaction().execute(async () => {})).rejects.toThrow('single questions')
})

it('says what is wrong with a question, and answers the next', async () => {
  await using database = await open()
  await expect(sql`select absent`.execute(database.reader)).rejects.toThrow('no such column: absent')
  expect((await sql`select 1 as one`.execute(database.reader)).rows).toEqual([{ one: 1 }])
})

it('fails what was asked when its thread breaks, in words, and starts another for the next question', async () => {
  // The thread cannot open a file that is not there.
  const elsewhere = join(folder, 'not-yet.db')
  const reader = openSqliteReader(elsewhere)
  await expect(sql`select 1`.execute(reader)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The database stopped answering while it was read.',
    fix: expect.stringContaining('Try again'),
  })
  await using _database = await openSqlite(elsewhere, { now: () => 0 })
  expect((await sql`select 1 as one`.execute(reader)).rows).toEqual([{ one: 1 }])
  await reader.destroy()
})
