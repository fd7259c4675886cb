import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import { GatewayError } from '../model/error.ts'
import type { TokenStore } from '../model/stores.ts'
import type { Token } from '../model/token.ts'
import { type Database, write } from './database.ts'
import { AGE_POSITION, pageOf, parsePageRequest } from './pages.ts'
import { parseStoredRules } from './stored-rules.ts'
import type { Tables } from './tables.ts'
import { insertToken, revokeDescendants, tokenChange } from './token-family.ts'
import { refusing } from './violation.ts'
import { withoutNulls } from './without-nulls.ts'

export function createTokenStore(database: Database): TokenStore {
  const { kysely } = database
  return {
    create: (token) =>
      refusing(
        { taken: 'This token exists already.', missing: 'This workspace does not exist any more.' },
        () =>
          write(database, async (transaction, announce) => {
            await insertToken(transaction, token, announce)
          }),
      ),

    async byHash(hash) {
      const row = await kysely.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst()
      return row && asToken(row)
    },

    async byId(id) {
      const row = await kysely.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst()
      return row && asToken(row)
    },

    async list(workspaceId, page, kind = 'token') {
      const { limit, after } = parsePageRequest(page, AGE_POSITION)
      let query = kysely.selectFrom('tokens').selectAll().where('kind', '=', kind)
      query =
        workspaceId === undefined
          ? query.where('workspaceId', 'is', null)
          : query.where('workspaceId', '=', workspaceId)
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
      return pageOf(rows.map(asToken), limit, ({ createdAt, id }) => [createdAt, id])
    },

    revoke: (id, at) =>
      write(database, async (transaction, announce) => {
        const revoked = await transaction
          .updateTable('tokens')
          // A second revocation does not move the moment of the first.
          .set(({ fn, val }) => ({ revokedAt: fn.coalesce('revokedAt', val(at)) }))
          .where('id', '=', id)
          .returning(['hash', 'workspaceId'])
          .executeTakeFirst()
        if (revoked === undefined) throw unknownToken()
        announce(tokenChange(revoked))
        await revokeDescendants(transaction, id, at, announce)
      }),

    replaceHash: (id, hash, expiresAt, at) =>
      refusing({ taken: 'This token exists already.' }, () =>
        write(database, async (transaction, announce) => {
          const old = await transaction
            .selectFrom('tokens')
            .select(['hash', 'workspaceId', 'revokedAt'])
            .where('id', '=', id)
            .$if(database.dialect === 'postgres', (query) => query.forUpdate())
            .executeTakeFirst()
          if (old === undefined) throw unknownToken()
          if (old.revokedAt !== null) throw new GatewayError('conflict', 'This token has been revoked.')
          await transaction
            .updateTable('tokens')
            .set({ hash, expiresAt: expiresAt ?? null })
            .where('id', '=', id)
            .execute()
          announce(tokenChange(old))
          announce(tokenChange({ ...old, hash }))
          await revokeDescendants(transaction, id, at, announce)
        }),
      ),

    async touch(id, at) {
      await kysely
        .updateTable('tokens')
        .set({ lastUsedAt: at })
        .where('id', '=', id)
        .where(({ or, eb }) => or([eb('lastUsedAt', 'is', null), eb('lastUsedAt', '<', at)]))
        .execute()
    },

    countOwners: () => countOwners(kysely),

    createFirstOwner: (token) =>
      refusing({ taken: 'This token exists already.' }, () =>
        write(database, async (transaction, announce) => {
          await waitForOthers(database, transaction)
          if ((await countOwners(transaction)) > 0)
            throw new GatewayError('conflict', 'There is an owner already.')
          await insertToken(transaction, token, announce)
        }),
      ),
  }
}

async function countOwners(kysely: Kysely<Tables>): Promise<number> {
  const { owners } = await kysely
    .selectFrom('tokens')
    .select(({ fn }) => fn.countAll<number>().as('owners'))
    .where('role', '=', 'owner')
    .where('kind', '=', 'token')
    .where('workspaceId', 'is', null)
    .where('revokedAt', 'is', null)
    .executeTakeFirstOrThrow()
  return owners
}

// Any fixed number does, as long as nothing else in the database takes it.
const FIRST_OWNER_LOCK = 6_172_836_456

/** Nothing is there yet that could be locked. SQLite runs one writing transaction at a time by itself. */
async function waitForOthers({ dialect }: Database, transaction: Transaction<Tables>): Promise<void> {
  if (dialect === 'postgres')
    await sql`select pg_advisory_xact_lock(${FIRST_OWNER_LOCK})`.execute(transaction)
}

function unknownToken(): GatewayError {
  return new GatewayError('not_found', 'This token does not exist any more.')
}

function asToken({ kind, ...row }: Selectable<Tables['tokens']>): Token {
  return {
    ...withoutNulls(row),
    ...(kind === 'session' && { kind }),
    rules: parseStoredRules(row.rules, 'tokens.rules'),
  }
}
