import { type CreateTableBuilder, type Kysely, sql } from 'kysely'

const TEXT = { sqlite: sql`text`, postgres: sql`text collate "C"` }
const BYTES = { sqlite: sql`blob`, postgres: sql`bytea` }

const OUTCOMES = ['ok', 'tool_error', 'protocol_error', 'denied', 'timeout', 'cancelled', 'unreachable']
const BUCKETS = 38

// biome-ignore format: a table of columns reads best one line each
export async function up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const { schema } = database
  const text = TEXT[dialect]
  const bytes = BYTES[dialect]

  /** In SQLite one tree instead of two. In PostgreSQL room beside each row, because the newest are changed all the time. */
  function stored<Name extends string, Columns extends string>(table: CreateTableBuilder<Name, Columns>) {
    return table.modifyEnd(dialect === 'sqlite' ? sql`without rowid` : sql`with (fillfactor = 80)`)
  }

  await schema.createTable('call_stats')
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('cube', text, (column) => column.notNull())
    .addColumn('start', 'bigint', (column) => column.notNull())
    .addColumn('server', text, (column) => column.notNull())
    .addColumn('tool', text, (column) => column.notNull())
    .addColumn('token_id', text, (column) => column.notNull())
    .addColumn('member', text, (column) => column.notNull())
    .addColumn('client', text, (column) => column.notNull())
    .addColumn('calls', 'integer', (column) => column.notNull())
    .$call((table) => OUTCOMES.reduce((each, outcome) => each.addColumn(`${outcome}`, 'integer'), table))
    .addColumn('bytes_in', 'bigint', (column) => column.notNull())
    .addColumn('bytes_out', 'bigint', (column) => column.notNull())
    .addColumn('latency_us', 'bigint', (column) => column.notNull())
    .addColumn('upstream_us', 'bigint', (column) => column.notNull())
    .addColumn('gateway_us', 'bigint', (column) => column.notNull())
    // Null where there is none: most are, and nulls take no room.
    .$call((table) => ['l', 'u', 'g'].flatMap((letter) => Array.from({ length: BUCKETS }, (_, bucket) => `${letter}${bucket}`))
      .reduce((each, bucket) => each.addColumn(bucket, 'integer'), table))
    .addPrimaryKeyConstraint('call_stats_key', ['workspace_id', 'cube', 'start', 'server', 'tool', 'token_id', 'member', 'client'])
    .$call(stored)
    .execute()

  await schema.createTable('call_stats_heads')
    .addColumn('workspace_id', text, (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .execute()

  await schema.createTable('audit_shapes')
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('anything', 'integer', (column) => column.notNull())
    .addColumn('kind', text)
    .addColumn('token_id', text)
    .addColumn('member', text)
    .addColumn('server', text)
    .addColumn('tool', text)
    .addColumn('outcome', text)
    .addColumn('client', text)
    .addColumn('shown_as', text)
    .addColumn('reason', text)
    .addPrimaryKeyConstraint('audit_shapes_key', ['workspace_id', 'id'])
    .$call(stored)
    .execute()

  await schema.createTable('audit_runs')
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('shape_id', text, (column) => column.notNull())
    .addColumn('block', 'integer', (column) => column.notNull())
    .addColumn('first_seq', 'bigint', (column) => column.notNull())
    .addColumn('last_seq', 'bigint', (column) => column.notNull())
    .addColumn('rows', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_runs_key', ['workspace_id', 'shape_id', 'block'])
    .$call(stored)
    .execute()

  await schema.createTable('audit_blocks')
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('block', 'integer', (column) => column.notNull())
    .addColumn('from_time', 'bigint', (column) => column.notNull())
    .addColumn('to_time', 'bigint', (column) => column.notNull())
    .addColumn('request_ids', bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_blocks_key', ['workspace_id', 'block'])
    .execute()
}
