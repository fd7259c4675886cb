import { type Kysely, sql } from 'kysely'

// Text is compared by bytes on both databases, so that lists have the same order.
const TYPES = {
  sqlite: { text: sql`text`, bytes: sql`blob` },
  postgres: { text: sql`text collate "C"`, bytes: sql`bytea` },
}

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const { text, bytes } = TYPES[dialect]

  await schema.createTable('workspaces')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('slug', text, (column) => column.notNull().unique())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()

  await schema.createTable('servers')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('workspace_id', text, (column) => column.notNull().references('workspaces.id'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('target', text, (column) => column.notNull())
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('prefix', text, (column) => column.notNull())
    .addColumn('tools', text, (column) => column.notNull())
    .addColumn('isolation', text, (column) => column.notNull())
    .addColumn('timeout_ms', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('servers_name', ['workspace_id', 'name'])
    .execute()

  await schema.createTable('server_verdicts')
    .addColumn('server_id', text, (column) => column.primaryKey().references('servers.id').onDelete('cascade'))
    .addColumn('era', text, (column) => column.notNull())
    .addColumn('transport', text, (column) => column.notNull())
    .addColumn('found_at', 'bigint', (column) => column.notNull())
    .execute()

  await schema.createTable('server_offers')
    .addColumn('server_id', text, (column) => column.primaryKey().references('servers.id').onDelete('cascade'))
    .addColumn('offer', text, (column) => column.notNull())
    .execute()

  await schema.createTable('credentials')
    .addColumn('server_id', text, (column) => column.primaryKey().references('servers.id').onDelete('cascade'))
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('names', text, (column) => column.notNull())
    .addColumn('sealed', bytes, (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema.createIndex('credentials_workspace').on('credentials').column('workspace_id').execute()

  await schema.createTable('tokens')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('workspace_id', text, (column) => column.references('workspaces.id'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('member', text, (column) => column.notNull())
    .addColumn('role', text, (column) => column.notNull())
    .addColumn('rules', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute()
  await schema.createIndex('tokens_age').on('tokens').columns(['workspace_id', 'created_at', 'id']).execute()

  await schema.createTable('wrapped_keys')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('wrapped', bytes, (column) => column.notNull())
    .execute()

  await schema.createTable('audit_heads')
    .addColumn('workspace_id', text, (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addColumn('latest_time', 'bigint', (column) => column.notNull())
    .execute()

  await schema.createTable('audit_rows')
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('latest_time', 'bigint', (column) => column.notNull())
    .addColumn('time', 'bigint', (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('token_id', text, (column) => column.notNull())
    .addColumn('member', text, (column) => column.notNull())
    .addColumn('server', text)
    .addColumn('tool', text)
    .addColumn('outcome', text, (column) => column.notNull())
    .addColumn('role', text, (column) => column.notNull())
    .addColumn('client', text)
    .addColumn('era', text)
    .addColumn('method', text, (column) => column.notNull())
    .addColumn('shown_as', text)
    .addColumn('reason', text)
    .addColumn('latency_ms', 'double precision', (column) => column.notNull())
    .addColumn('upstream_ms', 'double precision')
    .addColumn('bytes_in', 'bigint', (column) => column.notNull())
    .addColumn('bytes_out', 'bigint', (column) => column.notNull())
    .addColumn('request_id', text, (column) => column.notNull())
    .addColumn('trace_id', text)
    .addColumn('hash', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_rows_key', ['workspace_id', 'seq'])
    // One tree instead of two for every row written.
    .$call((table) => (dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
    .execute()
  await schema.createIndex('audit_rows_time').on('audit_rows').columns(['workspace_id', 'latest_time', 'seq']).execute()

  if (dialect === 'postgres') await createChangeCounter(database)
}

async function createChangeCounter(database: Kysely<unknown>): Promise<void> {
  await sql`create table change_counter (id integer primary key check (id = 1), value bigint not null)`.execute(
    database,
  )
  await sql`insert into change_counter values (1, 0)`.execute(database)
}
