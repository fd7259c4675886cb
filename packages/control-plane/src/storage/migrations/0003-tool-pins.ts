import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const text = TEXT[dialect]

  await schema.alterTable('servers').addColumn('pin', text).execute()

  await schema.createTable('tool_pins')
    .addColumn('server_id', text, (column) => column.notNull().references('servers.id').onDelete('cascade'))
    .addColumn('tool', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addColumn('definition', text, (column) => column.notNull())
    .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('approved_at', 'bigint', (column) => column.notNull())
    .addColumn('approved_by', text)
    .addPrimaryKeyConstraint('tool_pins_key', ['server_id', 'tool', 'hash'])
    .execute()

  await schema.createTable('tool_changes')
    .addColumn('server_id', text, (column) => column.notNull().references('servers.id').onDelete('cascade'))
    .addColumn('variant', text, (column) => column.notNull())
    .addColumn('tool', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addColumn('definition', text, (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('tool_changes_key', ['server_id', 'variant', 'tool'])
    .execute()
}
