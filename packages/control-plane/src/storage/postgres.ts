import { randomUUID } from 'node:crypto'
import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Clock } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { openPostgresChanges } from './postgres-changes.ts'
import type { Tables } from './tables.ts'

const INT8_OID = 20
const CONNECT_TIMEOUT_MS = 5_000
// A listening connection only ever reads one number: slower than this, it is dead.
const LISTENER_TIMEOUT_MS = 5_000

/**
 * Opens a pool and brings the schema up to date, then opens the connection that listens for other replicas. Throws
 * `configuration` with a fix when it cannot.
 */
export async function openPostgres(url: string, clock: Clock): Promise<Database> {
  const config = connectionConfig(url)
  await requireAnswer(config)
  const pool = new pg.Pool({ ...config, max: 10 })
  // A connection that breaks fails its query and leaves the pool; unheard, its `error` would end the process.
  pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}))
  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin()],
  })
  try {
    await migrate(kysely, 'postgres', clock)
    const changes = await openPostgresChanges({
      kysely,
      connect: () => listenerClient(config),
      instanceId: randomUUID(),
    })
    const close = async () => {
      await changes[Symbol.asyncDispose]()
      await kysely.destroy()
    }
    return { kysely, reader: kysely, dialect: 'postgres', changes, [Symbol.asyncDispose]: close }
  } catch (error) {
    await kysely.destroy()
    throw error
  }
}

function listenerClient(config: pg.ClientConfig): pg.Client {
  return new pg.Client({ ...config, application_name: 'mcpgw listener', query_timeout: LISTENER_TIMEOUT_MS })
}

function connectionConfig(url: string): pg.ClientConfig {
  if (!URL.canParse(url)) throw unreadableUrl()
  return {
    connectionString: url,
    application_name: 'mcpgw',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // A replica that freezes inside a transaction must not hold a chain's head for ever.
    idle_in_transaction_session_timeout: 10_000,
    // Milliseconds, sequence numbers and counts all stay far below 2^53.
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8_OID ? Number : pg.types.getTypeParser(oid, format),
    },
  }
}

/** Connects once, to say at start and in words what is wrong. */
async function requireAnswer(config: pg.ClientConfig): Promise<void> {
  const client = newClient(config)
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (cause) {
    throw unreachable(client, cause)
  } finally {
    await client.end().catch(() => {})
  }
}

function newClient(config: pg.ClientConfig): pg.Client {
  try {
    return new pg.Client(config)
  } catch {
    // The cause holds the URL, and with it the password.
    throw unreadableUrl()
  }
}

function unreadableUrl(): GatewayError {
  return new GatewayError('configuration', 'The PostgreSQL URL cannot be read.', {
    fix: 'Write it as postgres://user:password@host:5432/database, with special characters percent-encoded.',
  })
}

const FIXES: Record<string, string> = {
  '28P01': 'Check the user name and password in the database URL.',
  '28000': 'Check the user name in the database URL, and that PostgreSQL lets it in from here.',
  '3D000': 'Create the database, or name another one in the database URL.',
  ENOTFOUND: 'Check the host name in the database URL.',
}

function unreachable(client: pg.Client, cause: unknown): GatewayError {
  const { host, port, database } = client
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return new GatewayError(
    'configuration',
    `PostgreSQL at ${host} port ${port}, database "${database ?? ''}", cannot be used.`,
    {
      cause,
      fix: FIXES[code] ?? 'Check that PostgreSQL is running there and accepts connections from here.',
    },
  )
}
