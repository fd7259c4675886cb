import type { ServerLoginStore } from '../model/stores.ts'
import { type Database, write } from './database.ts'
import { refusing } from './violation.ts'

const SERVER_MISSING = 'This server does not exist any more.'

export function createServerLoginStore(database: Database): ServerLoginStore {
  const { kysely } = database
  return {
    begin: (login, at) =>
      refusing({ taken: 'This state is taken.', missing: SERVER_MISSING }, () =>
        write(database, async (transaction) => {
          await transaction
            .deleteFrom('pendingServerLogins')
            .where(({ or, and, eb }) =>
              or([
                eb('expiresAt', '<=', at),
                and([eb('serverId', '=', login.serverId), eb('startedBy', '=', login.startedBy)]),
              ]),
            )
            .execute()
          await transaction.insertInto('pendingServerLogins').values(login).execute()
        }),
      ),

    byState: (stateHash, at) =>
      kysely
        .selectFrom('pendingServerLogins')
        .selectAll()
        .where('stateHash', '=', stateHash)
        .where('expiresAt', '>', at)
        .executeTakeFirst(),

    async take(stateHash, at) {
      const { numDeletedRows } = await kysely
        .deleteFrom('pendingServerLogins')
        .where('stateHash', '=', stateHash)
        .where('expiresAt', '>', at)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    holdRenewal: (serverId, holder, until, at) =>
      refusing({ taken: 'Somebody else renews it.', missing: SERVER_MISSING }, async () => {
        const { numInsertedOrUpdatedRows } = await kysely
          .insertInto('serverRenewals')
          .values({ serverId, holder, until })
          .onConflict((conflict) =>
            conflict
              .column('serverId')
              .doUpdateSet({ holder, until })
              .where('serverRenewals.until', '<=', at),
          )
          .executeTakeFirst()
        return (numInsertedOrUpdatedRows ?? 0n) > 0n
      }),

    async endRenewal(serverId, holder) {
      await kysely
        .deleteFrom('serverRenewals')
        .where('serverId', '=', serverId)
        .where('holder', '=', holder)
        .execute()
    },
  }
}
