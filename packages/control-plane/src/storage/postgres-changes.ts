import { type Kysely, sql, type Transaction } from 'kysely'
import type pg from 'pg'
import type { Change, ChangeBus } from '../model/change.ts'
import { Subscribers } from './change-bus.ts'
import type { Changes } from './database.ts'
import { CHANNEL, encodeNotice, openPostgresListener } from './postgres-listener.ts'
import type { Tables } from './tables.ts'

// Long enough to gather the appends of a busy moment, short enough for someone who watches the log.
const OUTBOX_DELAY_MS = 200

export interface PostgresChangesOptions {
  kysely: Kysely<Tables>
  /** Makes a connection for listening; it is not connected yet. */
  connect(): pg.Client
  /** Tells this process's own notices from those of others. */
  instanceId: string
}

/**
 * Changes between replicas. Each transaction that announces something counts up one row and notifies with that
 * number, so that a replica can see that it missed one.
 *
 * Audit appends are the exception: a commit that notifies waits for every other such commit in PostgreSQL, which the
 * hot path must not. They are told outside the transaction, gathered and unnumbered; only people watching the log
 * depend on them.
 */
export async function openPostgresChanges(options: PostgresChangesOptions): Promise<Changes> {
  const { kysely, connect, instanceId } = options
  const subscribers = new Subscribers()
  const listener = await openPostgresListener({ connect, instanceId, subscribers })
  const outbox = createOutbox((changes) =>
    kysely.transaction().execute(async (transaction) => {
      await notify(transaction, instanceId, changes)
    }),
  )
  const bus: ChangeBus = {
    publish: (change) => {
      subscribers.emit(change)
      outbox.add(change)
    },
    subscribe: (listen) => subscribers.subscribe(listen),
    onGap: (listen) => subscribers.onGap(listen),
    onDoubt: (listen) => subscribers.onDoubt(listen),
  }
  return {
    bus,
    record: (transaction, changes) => notify(transaction, instanceId, changes.filter(isNumbered)),
    emit: (changes) => {
      for (const change of changes) {
        subscribers.emit(change)
        if (!isNumbered(change)) outbox.add(change)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await outbox[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
    },
  }
}

function isNumbered(change: Change): boolean {
  return change.kind !== 'audit'
}

async function notify(
  transaction: Transaction<Tables>,
  origin: string,
  changes: readonly Change[],
): Promise<void> {
  if (changes.length === 0) return
  const number = changes.some(isNumbered) ? await countUp(transaction) : undefined
  const notices = changes.map((change) => encodeNotice({ origin, number, change }))
  await sql`select pg_notify(${CHANNEL}, notice) from unnest(${notices}::text[]) as notice`.execute(
    transaction,
  )
}

/** The row lock makes numbers follow the order of commits. */
async function countUp(transaction: Transaction<Tables>): Promise<number> {
  const { value } = await transaction
    .updateTable('changeCounter')
    .set(({ eb }) => ({ value: eb('value', '+', 1) }))
    .returning('value')
    .executeTakeFirstOrThrow()
  return value
}

interface Outbox extends AsyncDisposable {
  add(change: Change): void
}

/** Sends what was added, soon and each change once. What cannot be sent waits for the next attempt. */
function createOutbox(send: (changes: Change[]) => Promise<void>): Outbox {
  const waiting = new Map<string, Change>()
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> = Promise.resolve()

  const add = (change: Change) => {
    waiting.set(JSON.stringify(change), change)
    timer ??= setTimeout(flush, OUTBOX_DELAY_MS)
  }
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const changes = [...waiting.values()]
    waiting.clear()
    sending = sending.then(() => send(changes)).catch(() => changes.forEach(add))
  }
  return {
    add,
    [Symbol.asyncDispose]: async () => {
      if (waiting.size > 0) flush()
      await sending
      clearTimeout(timer)
    },
  }
}
