import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const text = TEXT[dialect]

  await schema.createTable('pending_server_logins')
    .addColumn('state_hash', text, (column) => column.primaryKey())
    .addColumn('server_id', text, (column) => column.notNull().references('servers.id').onDelete('cascade'))
    .addColumn('workspace_id', text, (column) => column.notNull().references('workspaces.id').onDelete('cascade'))
    .addColumn('started_by', text, (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('sealed', text, (column) => column.notNull())
    .execute()
  await schema.createIndex('pending_server_logins_server').on('pending_server_logins').column('server_id').execute()

  await schema.createTable('server_renewals')
    .addColumn('server_id', text, (column) => column.primaryKey().references('servers.id').onDelete('cascade'))
    .addColumn('holder', text, (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .execute()
}
