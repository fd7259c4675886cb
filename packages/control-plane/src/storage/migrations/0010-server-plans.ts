import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const text = TEXT[dialect]

  await database.schema.createTable('server_plans')
    .addColumn('server_id', text, (column) => column.primaryKey().references('servers.id').onDelete('cascade'))
    .addColumn('plan', text, (column) => column.notNull())
    .execute()
}
