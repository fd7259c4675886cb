import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database

  await schema.alterTable('tokens').addColumn('kind', TEXT[dialect], (column) => column.notNull().defaultTo('token')).execute()
  await sql`create index tokens_sessions on tokens (expires_at) where kind = 'session'`.execute(database)
}
