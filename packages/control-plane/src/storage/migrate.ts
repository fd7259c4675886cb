import { type Kysely, sql } from 'kysely'
import type { Clock } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { Dialect } from './database.ts'
import * as firstTables from './migrations/0001-first-tables.ts'
import * as logins from './migrations/0002-logins.ts'
import * as toolPins from './migrations/0003-tool-pins.ts'
import * as sealedLog from './migrations/0004-sealed-log.ts'
import * as sessions from './migrations/0005-sessions.ts'
import * as callStats from './migrations/0006-call-stats.ts'
import * as clientsSeen from './migrations/0007-clients-seen.ts'
import * as catalogs from './migrations/0008-catalogs.ts'
import * as serverLogins from './migrations/0009-server-logins.ts'
import * as serverPlans from './migrations/0010-server-plans.ts'
import * as loginClients from './migrations/0011-login-clients.ts'
import type { Tables } from './tables.ts'

interface Migration {
  number: number
  name: string
  up(database: Kysely<unknown>, dialect: Dialect): Promise<void>
}

const MIGRATIONS: Migration[] = [
  { number: 1, name: 'first-tables', up: firstTables.up },
  { number: 2, name: 'logins', up: logins.up },
  { number: 3, name: 'tool-pins', up: toolPins.up },
  { number: 4, name: 'sealed-log', up: sealedLog.up },
  { number: 5, name: 'sessions', up: sessions.up },
  { number: 6, name: 'call-stats', up: callStats.up },
  { number: 7, name: 'clients-seen', up: clientsSeen.up },
  { number: 8, name: 'catalogs', up: catalogs.up },
  { number: 9, name: 'server-logins', up: serverLogins.up },
  { number: 10, name: 'server-plans', up: serverPlans.up },
  { number: 11, name: 'login-clients', up: loginClients.up },
]

// Any fixed number does, as long as every version of this program uses the same one.
const ADVISORY_LOCK = 6_172_836_455

/**
 * Brings the schema up to date in one transaction; replicas that start at once wait for one another.
 * Throws `configuration` when a newer program has been here.
 */
export async function migrate(kysely: Kysely<Tables>, dialect: Dialect, clock: Clock): Promise<void> {
  await kysely.transaction().execute(async (transaction) => {
    if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(transaction)
    const applied = await appliedMigrations(transaction)
    // A migration names tables as they were then, not as Tables has them now.
    const database = transaction.withoutPlugins() as unknown as Kysely<unknown>
    for (const migration of MIGRATIONS.filter(({ number }) => !applied.has(number))) {
      await migration.up(database, dialect)
      const { number, name } = migration
      await transaction
        .insertInto('schemaMigrations')
        .values({ number, name, appliedAt: clock.now() })
        .execute()
    }
  })
}

async function appliedMigrations(transaction: Kysely<Tables>): Promise<Set<number>> {
  await transaction.schema
    .createTable('schema_migrations')
    .ifNotExists()
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute()
  const rows = await transaction.selectFrom('schemaMigrations').select('number').execute()
  const unknown = rows.find(({ number }) => !MIGRATIONS.some((migration) => migration.number === number))
  if (unknown !== undefined) throw newerDatabase(unknown.number)
  return new Set(rows.map(({ number }) => number))
}

function newerDatabase(number: number): GatewayError {
  const known = Math.max(...MIGRATIONS.map((migration) => migration.number))
  return new GatewayError(
    'configuration',
    `The database was made by a newer version of this program: it has migration ${number}, this version knows ${known}.`,
    { fix: 'Start the newer version, or restore a backup made before the upgrade.' },
  )
}
