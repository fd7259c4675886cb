import type { LoginStore } from '../model/stores.ts'
import { type Database, write } from './database.ts'
import { redeem } from './redemption.ts'
import { refusing } from './violation.ts'
import { withoutNulls } from './without-nulls.ts'

export function createLoginStore(database: Database): LoginStore {
  const { kysely } = database
  return {
    begin: (login, overBefore) =>
      refusing({ taken: 'This code is taken.' }, () =>
        write(database, async (transaction) => {
          await transaction.deleteFrom('pendingLogins').where('expiresAt', '<', overBefore).execute()
          await transaction.insertInto('pendingLogins').values(login).execute()
        }),
      ),

    async byHash(hash) {
      const row = await kysely
        .selectFrom('pendingLogins')
        .selectAll()
        .where('hash', '=', hash)
        .executeTakeFirst()
      return row && withoutNulls(row)
    },

    async byUserCode(userCode) {
      const row = await kysely
        .selectFrom('pendingLogins')
        .selectAll()
        .where('userCode', '=', userCode)
        .executeTakeFirst()
      return row && withoutNulls(row)
    },

    countWaiting: (address, at) =>
      kysely
        .selectFrom('pendingLogins')
        .select(({ fn }) => [
          fn.countAll<number>().as('inAll'),
          fn.countAll<number>().filterWhere('address', '=', address).as('fromAddress'),
        ])
        .where('kind', '=', 'device')
        .where(({ or, eb }) => or([eb('decision', 'is', null), eb('decision', '=', 'denied')]))
        .where('expiresAt', '>', at)
        .executeTakeFirstOrThrow(),

    async decide(userCode, decision, at) {
      const { numUpdatedRows } = await kysely
        .updateTable('pendingLogins')
        .set(decision)
        .where('userCode', '=', userCode)
        .where('decision', 'is', null)
        .where('expiresAt', '>', at)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async notePoll(hash, at, penaltyMs) {
      const { numUpdatedRows } = await kysely
        .updateTable('pendingLogins')
        .set({ lastPolledAt: at })
        .where('hash', '=', hash)
        .where(({ or, eb }) =>
          or([eb('lastPolledAt', 'is', null), eb(eb('lastPolledAt', '+', eb.ref('intervalMs')), '<=', at)]),
        )
        .executeTakeFirst()
      if (numUpdatedRows > 0n) return true
      await kysely
        .updateTable('pendingLogins')
        .set(({ eb }) => ({ lastPolledAt: at, intervalMs: eb('intervalMs', '+', penaltyMs) }))
        .where('hash', '=', hash)
        .execute()
      return false
    },

    redeem: (token, redemption, at) => redeem(database, token, redemption, at),
  }
}
