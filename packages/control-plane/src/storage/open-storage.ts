import { join, resolve } from 'node:path'
import { sql } from 'kysely'
import type { Clock } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { Storage } from '../model/stores.ts'
import { createAuditStore } from './audit.ts'
import { createStatsStore } from './call-stats.ts'
import { createClientStore } from './clients.ts'
import { createCredentialStore } from './credentials.ts'
import type { Database } from './database.ts'
import { describeDatabase } from './describe-database.ts'
import { createInviteStore } from './invites.ts'
import { createKeyStore } from './keys.ts'
import { createLogIndexStore } from './log-index.ts'
import { createLoginStore } from './logins.ts'
import { createMemberStore } from './members.ts'
import { createPinStore } from './pins.ts'
import { openPostgres } from './postgres.ts'
import { createServerLoginStore } from './server-logins.ts'
import { createServerStore } from './servers.ts'
import { createSessionStore } from './sessions.ts'
import { openSqlite } from './sqlite.ts'
import { createTokenStore } from './tokens.ts'
import { createWorkspaceStore } from './workspaces.ts'

export interface StorageOptions {
  /** `sqlite:/path/file.db` or `postgres://user:password@host:port/database`. */
  url: string
  clock: Clock
}

/**
 * Opens the database, brings its schema up to date, and gives the stores over it. Throws `configuration`, with a fix
 * and without the password, when the database cannot be used.
 */
export async function openStorage({ url, clock }: StorageOptions): Promise<Storage> {
  return storageOver(await openDatabase(url, clock))
}

async function openDatabase(url: string, clock: Clock): Promise<Database> {
  const sqlitePath = sqlitePathIn(url)
  return sqlitePath === undefined ? openPostgres(url, clock) : openSqlite(sqlitePath, clock)
}

/** The file of the SQLite database, or undefined for PostgreSQL. Throws `configuration` for any other URL. */
export function sqliteFileOf({ databaseUrl, dataDir }: DatabaseSettings): string | undefined {
  return sqlitePathIn(databaseUrlOf({ databaseUrl, dataDir }))
}

export function databaseUrlOf({ databaseUrl, dataDir }: DatabaseSettings): string {
  return databaseUrl ?? `sqlite:${join(dataDir, 'mcpgw.db')}`
}

export interface DatabaseSettings {
  databaseUrl: string | undefined
  dataDir: string
}

function sqlitePathIn(url: string): string | undefined {
  const sqlitePath = /^sqlite:(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1]
  if (sqlitePath !== undefined) return resolve(sqlitePath)
  if (/^postgres(?:ql)?:\/\//.test(url)) return undefined
  throw new GatewayError('configuration', 'The database URL is neither SQLite nor PostgreSQL.', {
    fix: 'Write it as sqlite:/path/file.db or postgres://user:password@host:5432/database.',
  })
}

function storageOver(database: Database): Storage {
  return {
    workspaces: createWorkspaceStore(database),
    servers: createServerStore(database),
    pins: createPinStore(database),
    credentials: createCredentialStore(database),
    tokens: createTokenStore(database),
    sessions: createSessionStore(database),
    clients: createClientStore(database),
    members: createMemberStore(database),
    invites: createInviteStore(database),
    logins: createLoginStore(database),
    serverLogins: createServerLoginStore(database),
    keys: createKeyStore(database),
    audit: createAuditStore(database),
    stats: createStatsStore(database),
    logIndex: createLogIndexStore(database),
    bus: database.changes.bus,
    ping: async () => {
      await sql`select 1`.execute(database.kysely)
    },
    describe: () => describeDatabase(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}
