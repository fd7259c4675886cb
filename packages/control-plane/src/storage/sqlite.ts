import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CamelCasePlugin,
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  type QueryResult,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely'
import type { Clock } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import { createLocalChanges } from './change-bus.ts'
import type { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { openSqliteReader } from './sqlite-reader.ts'
import type { Tables } from './tables.ts'

const MAX_CACHED_STATEMENTS = 200

// While SQLite itself waits for another process's lock nothing else happens here. It waits this long; we wait on,
// and let everything go on meanwhile that needs no lock.
const SQLITE_WAIT_MS = 10
const RETRY_AFTER_MS = 40
/** How long a statement waits for the lock, a little less than people do for an answer. */
const LOCK_WAIT_MS = 4_000

/**
 * Opens a SQLite file, made with mode 0600 when it is new, and brings its schema up to date. Throws `configuration`
 * with a fix when it cannot.
 */
export async function openSqlite(path: string, clock: Clock): Promise<Database> {
  const file = openFile(resolve(path))
  const kysely = new Kysely<Tables>({
    dialect: new NodeSqliteDialect(file),
    plugins: [new CamelCasePlugin()],
  })
  try {
    await migrate(kysely, 'sqlite', clock)
    file.exec(`pragma busy_timeout = ${SQLITE_WAIT_MS}`)
  } catch (error) {
    file.close()
    throw error
  }
  const reader = openSqliteReader(resolve(path))
  return {
    kysely,
    reader,
    dialect: 'sqlite',
    changes: createLocalChanges(),
    [Symbol.asyncDispose]: async () => {
      // First the reader: whoever closes the file last writes its log back into it.
      await reader.destroy()
      await kysely.destroy()
    },
  }
}

function openFile(path: string): DatabaseSync {
  let file: DatabaseSync | undefined
  try {
    createPrivateFile(path)
    file = new DatabaseSync(path)
    file.exec('pragma busy_timeout = 5000')
    file.exec('pragma journal_mode = wal; pragma synchronous = full')
    file.exec('pragma foreign_keys = on; pragma trusted_schema = off')
    // A checkpoint holds up every call while it runs (50 ms were seen): 16 MB of log between two instead of 4.
    file.exec('pragma wal_autocheckpoint = 4000')
    return file
  } catch (cause) {
    file?.close()
    throw unusableFile(path, cause)
  }
}

/**
 * Makes the file if it is new. SQLite gives its `-wal` and `-shm` files the same mode. A file that is there is not
 * opened: closing it again would drop the locks this process may hold on it.
 */
export function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

const NOT_A_DATABASE = new Set([11, 26]) // SQLITE_CORRUPT, SQLITE_NOTADB

function unusableFile(path: string, cause: unknown): GatewayError {
  const errcode = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) : undefined
  if (errcode !== undefined && NOT_A_DATABASE.has(errcode)) {
    return new GatewayError('configuration', `${path} is damaged or not a SQLite database.`, {
      cause,
      fix: 'Restore it from a backup, or name another file.',
    })
  }
  return new GatewayError('configuration', `The database file ${path} cannot be opened.`, {
    cause,
    fix: 'Check that its folder exists, is on a disk with room, and may be written by this user.',
  })
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase

  constructor(file: DatabaseSync) {
    const database = withCachedStatements(file)
    super({ database })
    this.#database = database
  }

  override createDriver(): SqliteDriver {
    return new NodeSqliteDriver({ database: this.#database })
  }
}

class NodeSqliteDriver extends SqliteDriver {
  #patient: PatientConnection | undefined

  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#patient ??= new PatientConnection(await super.acquireConnection())
    return this.#patient
  }

  /** Our transactions all write. Asking for the write lock at once waits for it; asking later would fail instead. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
    if (this.#patient !== undefined) this.#patient.hasLock = true
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await super.commitTransaction(connection)
    if (this.#patient !== undefined) this.#patient.hasLock = false
  }

  /** After a full disk or an I/O error SQLite has rolled back by itself; the first error is the one worth hearing. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch(() => {})
    if (this.#patient !== undefined) this.#patient.hasLock = false
  }
}

/**
 * Waits for a lock of another process without holding up this one. When it was in vain, whoever comes next does not
 * wait again, or they would wait for one another: until the lock is gone each is refused at once.
 */
class PatientConnection implements DatabaseConnection {
  /** From the beginning of a transaction to its end. */
  hasLock = false
  readonly #connection: DatabaseConnection
  #lockedSince: number | undefined
  #lastRefusal = 0

  constructor(connection: DatabaseConnection) {
    this.#connection = connection
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const needsLock = !this.hasLock && WANTS_LOCK.test(query.sql)
    return needsLock ? this.#patiently(query) : this.#connection.executeQuery<R>(query)
  }

  async #patiently<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    for (;;) {
      try {
        const result = await this.#connection.executeQuery<R>(query)
        this.#lockedSince = undefined
        return result
      } catch (error) {
        if (!isLocked(error) || !this.#mayWait()) throw error
        await delay(RETRY_AFTER_MS)
      }
    }
  }

  #mayWait(): boolean {
    const now = performance.now()
    // A lock nobody met for a while is another one.
    if (now - this.#lastRefusal > LOCK_WAIT_MS) this.#lockedSince = undefined
    this.#lastRefusal = now
    this.#lockedSince ??= now
    return now - this.#lockedSince < LOCK_WAIT_MS
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize)
  }
}

// A transaction takes the lock as it begins; outside of one, each statement that writes takes it for itself.
const WANTS_LOCK = /^\s*(?:begin|insert|update|delete)\b/i
const SQLITE_BUSY = 5

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
}

function withCachedStatements(file: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => file.close(),
    prepare: (sql) => {
      const cached = statements.get(sql)
      if (cached !== undefined) return cached
      const statement = asKyselyStatement(sql, file.prepare(sql))
      const oldest = statements.size < MAX_CACHED_STATEMENTS ? undefined : statements.keys().next().value
      if (oldest !== undefined) statements.delete(oldest)
      statements.set(sql, statement)
      return statement
    },
  }
}

function asKyselyStatement(sql: string, statement: StatementSync): SqliteStatement {
  // Kysely hands on parameters as unknown; SQLite itself refuses what it cannot bind.
  const bound = (parameters: ReadonlyArray<unknown>) => parameters as SQLInputValue[]
  return {
    // Node 22 before 22.16 cannot ask the statement for its columns, so the text must tell.
    reader: /^\s*(?:select|pragma)\b|\breturning\b/i.test(sql),
    all: (parameters) => statement.all(...bound(parameters)),
    run: (parameters) => statement.run(...bound(parameters)),
    iterate: (parameters) => statement.iterate(...bound(parameters)),
  }
}
