import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const text = TEXT[dialect]

  await schema.createTable('clients_seen')
    .addColumn('token_id', text, (column) => column.notNull().references('tokens.id').onDelete('cascade'))
    .addColumn('workspace_id', text, (column) => column.notNull().references('workspaces.id').onDelete('cascade'))
    .addColumn('client', text, (column) => column.notNull())
    .addColumn('era', text, (column) => column.notNull())
    .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('clients_seen_key', ['token_id', 'workspace_id', 'client', 'era'])
    .execute()
  await schema.createIndex('clients_seen_age').on('clients_seen').columns(['workspace_id', 'last_seen_at']).execute()
}
