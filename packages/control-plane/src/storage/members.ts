import type { Transaction } from 'kysely'
import type { Change } from '../model/change.ts'
import type { MemberRevocation } from '../model/member.ts'
import type { MemberStore } from '../model/stores.ts'
import { type Announce, type Database, write } from './database.ts'
import type { Tables } from './tables.ts'
import { revokeDescendants, tokenChange } from './token-family.ts'
import { withoutNulls } from './without-nulls.ts'

export function createMemberStore(database: Database): MemberStore {
  const { kysely } = database
  return {
    async workspacesOf(member) {
      const rows = await kysely
        .selectFrom('tokens')
        .select('workspaceId')
        .where('member', '=', member)
        .where('revokedAt', 'is', null)
        .union(
          kysely
            .selectFrom('invites')
            .select('workspaceId')
            .where('member', '=', member)
            .where('usedAt', 'is', null),
        )
        .execute()
      return rows.flatMap(({ workspaceId }) => workspaceId ?? []).toSorted()
    },

    async shares(at, workspaceId) {
      const live = kysely
        .selectFrom('tokens')
        .where('revokedAt', 'is', null)
        .where(({ or, eb }) => or([eb('expiresAt', 'is', null), eb('expiresAt', '>', at)]))
      const rows = await (workspaceId === undefined ? live : live.where('workspaceId', '=', workspaceId))
        .select(({ fn }) => [
          'member',
          'workspaceId',
          'role',
          fn.countAll<number>().filterWhere('kind', '=', 'token').as('tokens'),
          fn.countAll<number>().filterWhere('kind', '=', 'session').as('sessions'),
          fn.max('lastUsedAt').as('lastUsedAt'),
        ])
        .groupBy(['member', 'workspaceId', 'role'])
        .orderBy('member')
        .execute()
      return rows.map(withoutNulls)
    },

    revokeInWorkspace: (workspaceId, member, at) =>
      write(database, async (transaction, announce) => {
        await transaction
          .deleteFrom('invites')
          .where('workspaceId', '=', workspaceId)
          .where('member', '=', member)
          .where('usedAt', 'is', null)
          .execute()
        const tokens = await transaction
          .selectFrom('tokens')
          .select('id')
          .where('workspaceId', '=', workspaceId)
          .where('member', '=', member)
          .where('revokedAt', 'is', null)
          .execute()
        const ids = tokens.map(({ id }) => id)
        return endTokens(transaction, ids, at, announce)
      }),

    revokeOwner: (member, at, preferredId) =>
      write(database, async (transaction, announce) => {
        const owners = await ownerTokens(transaction, database)
        const kept = lastOne(owners, member, at, preferredId)
        const ids = owners.filter((token) => token.member === member && token !== kept).map(({ id }) => id)
        const ended = await endTokens(transaction, ids, at, announce)
        return kept === undefined ? ended : { ...ended, kept: { id: kept.id, name: kept.name } }
      }),
  }
}

interface OwnerToken {
  id: string
  name: string
  member: string
  createdAt: number
  expiresAt: number | null
  parentId: string | null
}

/** Held until the end, so that of two replicas that each spare nobody one sees what the other did. */
function ownerTokens(transaction: Transaction<Tables>, { dialect }: Database): Promise<OwnerToken[]> {
  return transaction
    .selectFrom('tokens')
    .select(['id', 'name', 'member', 'createdAt', 'expiresAt', 'parentId'])
    .where('role', '=', 'owner')
    .where('workspaceId', 'is', null)
    .where('revokedAt', 'is', null)
    .orderBy('id')
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .execute()
}

/** The token that must stay, or nobody could issue an owner token again. What came from another one ends with it. */
function lastOne(
  owners: readonly OwnerToken[],
  member: string,
  at: number,
  preferredId: string,
): OwnerToken | undefined {
  const live = owners.filter(
    ({ expiresAt, parentId }) => parentId === null && (expiresAt === null || expiresAt > at),
  )
  if (live.some((token) => token.member !== member)) return undefined
  const preferred = owners.find(({ id }) => id === preferredId)?.parentId ?? preferredId
  const longest = live.toSorted((a, b) => endOf(b) - endOf(a) || b.createdAt - a.createdAt)
  return live.find(({ id }) => id === preferred) ?? longest[0]
}

function endOf({ expiresAt }: OwnerToken): number {
  return expiresAt ?? Number.MAX_SAFE_INTEGER
}

async function endTokens(
  transaction: Transaction<Tables>,
  ids: readonly string[],
  at: number,
  announce: Announce,
): Promise<MemberRevocation> {
  const ended: Change[] = []
  const end: Announce = (change) => {
    ended.push(change)
    announce(change)
  }
  for (const id of ids) {
    const token = await transaction
      .updateTable('tokens')
      .set({ revokedAt: at })
      .where('id', '=', id)
      .where('revokedAt', 'is', null)
      .returning(['hash', 'workspaceId'])
      .executeTakeFirst()
    if (token !== undefined) end(tokenChange(token))
    await revokeDescendants(transaction, id, at, end)
  }
  const workspaceIds = new Set(ended.flatMap(({ workspaceId }) => workspaceId ?? []))
  return { revoked: ended.length, workspaceIds: [...workspaceIds] }
}
