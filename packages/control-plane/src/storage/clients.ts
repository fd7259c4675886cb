import { sql, type Transaction } from 'kysely'
import { z } from 'zod'
import { type ClientSeen, MAX_CLIENTS_PER_TOKEN } from '../model/client-seen.ts'
import type { ClientFilter, ClientStore } from '../model/stores.ts'
import { type Database, write } from './database.ts'
import { pageOf, parsePageRequest } from './pages.ts'
import type { Tables } from './tables.ts'

const KEY = ['tokenId', 'workspaceId', 'client', 'era'] as const

/** When it was last seen, and what tells it from others seen at the same time. */
const SEEN_POSITION = z.tuple([z.int(), z.string(), z.string(), z.string()])

export function createClientStore(database: Database): ClientStore {
  const { kysely } = database

  function clientsOf({ workspaceId, member, seenSince }: ClientFilter) {
    const clients = kysely
      .selectFrom('clientsSeen as seen')
      .innerJoin('tokens', 'tokens.id', 'seen.tokenId')
      .selectAll('seen')
      .select(['tokens.name as tokenName', 'tokens.member as member'])
      .where('seen.workspaceId', '=', workspaceId)
      .where('seen.lastSeenAt', '>=', seenSince)
    return member === undefined ? clients : clients.where('tokens.member', '=', member)
  }

  return {
    async note(seen) {
      if (seen.length === 0) return
      await write(database, async (transaction) => {
        const known = await withoutGone(transaction, seen)
        for (const sighting of known) await noteOne(transaction, sighting)
        for (const tokenId of new Set(known.map((sighting) => sighting.tokenId)))
          await forgetOldest(transaction, tokenId)
      })
    },

    async list(filter, page) {
      const { limit, after } = parsePageRequest(page, SEEN_POSITION)
      let query = clientsOf(filter)
      if (after !== undefined) {
        const position = ['seen.lastSeenAt', 'seen.tokenId', 'seen.client', 'seen.era']
        query = query.where(
          sql<boolean>`(${sql.join(position.map((column) => sql.ref(column)))}) < (${sql.join(after)})`,
        )
      }
      const found = await query
        .orderBy('seen.lastSeenAt', 'desc')
        .orderBy('seen.tokenId', 'desc')
        .orderBy('seen.client', 'desc')
        .orderBy('seen.era', 'desc')
        .limit(limit + 1)
        .execute()
      return pageOf(found, limit, ({ lastSeenAt, tokenId, client, era }) => [
        lastSeenAt,
        tokenId,
        client,
        era,
      ])
    },

    async lastOf(tokenIds) {
      if (tokenIds.length === 0) return new Map()
      const rows = await kysely
        .selectFrom('clientsSeen')
        .select(['tokenId', 'client'])
        .where('tokenId', 'in', tokenIds)
        .orderBy('lastSeenAt')
        .execute()
      // Of several the last one stays.
      return new Map(rows.map(({ tokenId, client }) => [tokenId, client]))
    },

    async forget(seenBefore) {
      await kysely.deleteFrom('clientsSeen').where('lastSeenAt', '<', seenBefore).execute()
    },
  }
}

/** One of them would make the database refuse all. */
async function withoutGone(
  transaction: Transaction<Tables>,
  seen: readonly ClientSeen[],
): Promise<ClientSeen[]> {
  const tokens = await idsIn(
    transaction,
    'tokens',
    seen.map(({ tokenId }) => tokenId),
  )
  const workspaces = await idsIn(
    transaction,
    'workspaces',
    seen.map(({ workspaceId }) => workspaceId),
  )
  return seen.filter(({ tokenId, workspaceId }) => tokens.has(tokenId) && workspaces.has(workspaceId))
}

async function idsIn(
  transaction: Transaction<Tables>,
  table: 'tokens' | 'workspaces',
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await transaction
    .selectFrom(table)
    .select('id')
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Set(rows.map(({ id }) => id))
}

async function noteOne(transaction: Transaction<Tables>, sighting: ClientSeen): Promise<void> {
  await transaction
    .insertInto('clientsSeen')
    .values(sighting)
    .onConflict((conflict) => conflict.columns(KEY).doUpdateSet({ lastSeenAt: sighting.lastSeenAt }))
    .execute()
}

/** A token can be told any number of names; what is kept of them is bounded. */
async function forgetOldest(transaction: Transaction<Tables>, tokenId: string): Promise<void> {
  const oldest = await transaction
    .selectFrom('clientsSeen')
    .select(KEY)
    .where('tokenId', '=', tokenId)
    .orderBy('lastSeenAt', 'desc')
    .orderBy('firstSeenAt', 'desc')
    .execute()
  for (const { workspaceId, client, era } of oldest.slice(MAX_CLIENTS_PER_TOKEN)) {
    await transaction
      .deleteFrom('clientsSeen')
      .where('tokenId', '=', tokenId)
      .where('workspaceId', '=', workspaceId)
      .where('client', '=', client)
      .where('era', '=', era)
      .execute()
  }
}
