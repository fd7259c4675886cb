import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const text = TEXT[dialect]

  await schema.alterTable('tokens').addColumn('parent_id', text, (column) => column.references('tokens.id')).execute()
  await schema.createIndex('tokens_parent').on('tokens').column('parent_id').execute()

  await schema.createTable('invites')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('workspace_id', text, (column) => column.notNull().references('workspaces.id'))
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('member', text, (column) => column.notNull())
    .addColumn('role', text, (column) => column.notNull())
    .addColumn('rules', text, (column) => column.notNull())
    .addColumn('token_lifetime_ms', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('token_id', text)
    .execute()
  await schema.createIndex('invites_age').on('invites').columns(['workspace_id', 'created_at', 'id']).execute()

  await schema.createTable('pending_logins')
    .addColumn('hash', text, (column) => column.primaryKey())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('workspace', text, (column) => column.notNull())
    .addColumn('device_name', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('decision', text)
    .addColumn('role', text)
    .addColumn('proof_kind', text)
    .addColumn('proof_hash', text)
    .addColumn('token_id', text)
    .addColumn('redirect_uri', text)
    .addColumn('code_challenge', text)
    .addColumn('user_code', text, (column) => column.unique())
    .addColumn('address', text)
    .addColumn('interval_ms', 'bigint')
    .addColumn('last_polled_at', 'bigint')
    .execute()
  await schema.createIndex('pending_logins_end').on('pending_logins').column('expires_at').execute()
}
