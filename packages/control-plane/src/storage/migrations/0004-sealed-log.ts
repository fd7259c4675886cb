import { type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const text = TEXT[dialect]

  await schema.alterTable('workspaces').addColumn('audit', text).execute()
  await schema.alterTable('audit_rows').addColumn('content_digest', text).execute()

  await schema.createTable('audit_contents')
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('arguments', text, (column) => column.notNull())
    .addColumn('arguments_cut', 'integer', (column) => column.notNull())
    .addColumn('result', text, (column) => column.notNull())
    .addColumn('result_cut', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_contents_key', ['workspace_id', 'seq'])
    .execute()

  await schema.createTable('audit_segments')
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('from_seq', 'bigint', (column) => column.notNull())
    .addColumn('to_seq', 'bigint', (column) => column.notNull())
    .addColumn('previous_hash', text, (column) => column.notNull())
    .addColumn('last_hash', text, (column) => column.notNull())
    .addColumn('from_time', 'bigint', (column) => column.notNull())
    .addColumn('to_time', 'bigint', (column) => column.notNull())
    .addColumn('rows', 'bigint', (column) => column.notNull())
    .addColumn('sealed_at', 'bigint', (column) => column.notNull())
    .addColumn('key_id', text, (column) => column.notNull())
    .addColumn('signature', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_segments_key', ['workspace_id', 'from_seq'])
    .execute()
}
