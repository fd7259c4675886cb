import type { Transaction } from 'kysely'
import type { SessionStore } from '../model/stores.ts'
import { type Database, write } from './database.ts'
import { holdParent, holdWorkspace } from './redemption.ts'
import type { Tables } from './tables.ts'
import { insertToken } from './token-family.ts'
import { refusing } from './violation.ts'

export function createSessionStore(database: Database): SessionStore {
  return {
    open: (session, parentHash, at) =>
      refusing(
        { taken: 'This session exists already.', missing: 'This workspace does not exist any more.' },
        () =>
          write(database, async (transaction, announce) => {
            await holdWorkspace(database, transaction, session)
            await holdParent(database, transaction, parentHash, at)
            await forgetOver(database, transaction, at)
            await insertToken(transaction, session, announce)
          }),
      ),
  }
}

/** What is over is let in by nobody, so that nobody needs to be told. */
async function forgetOver(
  { dialect }: Database,
  transaction: Transaction<Tables>,
  at: number,
): Promise<void> {
  await transaction
    .deleteFrom('tokens')
    .where('id', 'in', (from) =>
      from
        .selectFrom('tokens')
        .select('id')
        .where('kind', '=', 'session')
        .where('expiresAt', '<=', at)
        // Two who forget the same ones in another order would wait for each other.
        .$if(dialect === 'postgres', (query) => query.forUpdate().skipLocked()),
    )
    .execute()
}
