import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const text = TEXT[dialect]

  await schema.alterTable('servers').addColumn('origin', text).execute()

  await schema.createTable('catalogs')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('title', text, (column) => column.notNull())
    .addColumn('url', text)
    .addColumn('read_at', 'bigint')
    .addColumn('problem', text)
    .addColumn('left_out', 'bigint', (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('entries', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()

  // One row: what may be added at all.
  await schema.createTable('catalog_rules')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('rules', text, (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
}
