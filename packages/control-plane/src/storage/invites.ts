import type { Selectable } from 'kysely'
import type { Invite } from '../model/invite.ts'
import type { InviteStore } from '../model/stores.ts'
import type { Database } from './database.ts'
import { requireFound } from './found.ts'
import { AGE_POSITION, pageOf, parsePageRequest } from './pages.ts'
import { parseStoredRules } from './stored-rules.ts'
import type { Tables } from './tables.ts'
import { refusing } from './violation.ts'
import { withoutNulls } from './without-nulls.ts'

/** Invites announce no changes: nobody keeps one in memory. */
export function createInviteStore({ kysely }: Database): InviteStore {
  return {
    create: (invite) =>
      refusing(
        { taken: 'This invite exists already.', missing: 'This workspace does not exist any more.' },
        async () => {
          const row = { ...invite, rules: JSON.stringify(invite.rules) }
          await kysely.insertInto('invites').values(row).execute()
        },
      ),

    async byHash(hash) {
      const row = await kysely.selectFrom('invites').selectAll().where('hash', '=', hash).executeTakeFirst()
      return row && asInvite(row)
    },

    async list(workspaceId, page) {
      const { limit, after } = parsePageRequest(page, AGE_POSITION)
      let query = kysely.selectFrom('invites').selectAll().where('workspaceId', '=', workspaceId)
      if (after !== undefined) {
        const [createdAt, id] = after
        query = query.where(({ and, or, eb }) =>
          or([eb('createdAt', '<', createdAt), and([eb('createdAt', '=', createdAt), eb('id', '<', id)])]),
        )
      }
      const rows = await query
        .orderBy('createdAt', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute()
      return pageOf(rows.map(asInvite), limit, ({ createdAt, id }) => [createdAt, id])
    },

    async remove(workspaceId, id) {
      const { numDeletedRows } = await kysely
        .deleteFrom('invites')
        .where('workspaceId', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst()
      requireFound(numDeletedRows, 'invite')
    },
  }
}

function asInvite(row: Selectable<Tables['invites']>): Invite {
  return { ...withoutNulls(row), rules: parseStoredRules(row.rules, 'invites.rules') }
}
