import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  await database.schema.alterTable('pending_logins').addColumn('client_id', TEXT[dialect]).execute()
}
