import type { Kysely, Transaction } from 'kysely'
import type { Change, ChangeBus } from '../model/change.ts'
import type { Tables } from './tables.ts'

export type Dialect = 'sqlite' | 'postgres'

export type Announce = (change: Change) => void

/** What differs between the two databases, beyond the SQL that Kysely writes. */
export interface Database extends AsyncDisposable {
  readonly kysely: Kysely<Tables>
  /** For reading what may take long, without holding anything else up. What is committed it sees; it cannot write. */
  readonly reader: Kysely<Tables>
  readonly dialect: Dialect
  readonly changes: Changes
}

/** The bus, and the two moments at which a store hands it its changes. */
export interface Changes extends AsyncDisposable {
  readonly bus: ChangeBus
  /** Inside the transaction: tells other processes, if there can be any, once it commits. */
  record(transaction: Transaction<Tables>, changes: readonly Change[]): Promise<void>
  /** After the commit: tells the subscribers in this process. */
  emit(changes: readonly Change[]): void
}

/**
 * Runs `work` in one transaction. What it announces is published once the commit is durable, and before this
 * resolves; nothing is published when it fails.
 */
export async function write<T>(
  database: Database,
  work: (transaction: Transaction<Tables>, announce: Announce) => Promise<T>,
): Promise<T> {
  const announced: Change[] = []
  const result = await database.kysely.transaction().execute(async (transaction) => {
    const done = await work(transaction, (change) => announced.push(change))
    await database.changes.record(transaction, announced)
    return done
  })
  database.changes.emit(announced)
  return result
}
