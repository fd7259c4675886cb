import type { Transaction } from 'kysely'
import type { Change } from '../model/change.ts'
import type { Token } from '../model/token.ts'
import type { Announce } from './database.ts'
import type { Tables } from './tables.ts'

export async function insertToken(
  transaction: Transaction<Tables>,
  token: Token,
  announce: Announce,
): Promise<void> {
  const { kind = 'token', rules, ...rest } = token
  await transaction
    .insertInto('tokens')
    .values({ ...rest, kind, rules: JSON.stringify(rules) })
    .execute()
  announce(tokenChange(token))
}

/**
 * Ends every token that came from this one, however far away. The caller holds the row of the token itself, so that
 * nobody can issue another one from it meanwhile.
 */
export async function revokeDescendants(
  transaction: Transaction<Tables>,
  id: string,
  at: number,
  announce: Announce,
): Promise<void> {
  // PostgreSQL looks at one moment per statement: a token that another replica was just issuing from one that we
  // ended is seen only by looking again.
  for (;;) {
    const ended = await revokeSeenDescendants(transaction, id, at)
    if (ended.length === 0) return
    for (const token of ended) announce(tokenChange(token))
  }
}

function revokeSeenDescendants(transaction: Transaction<Tables>, id: string, at: number) {
  return transaction
    .withRecursive('family', (from) =>
      from
        .selectFrom('tokens')
        .select('tokens.id')
        .where('tokens.parentId', '=', id)
        .union(
          from.selectFrom('tokens').innerJoin('family', 'family.id', 'tokens.parentId').select('tokens.id'),
        ),
    )
    .updateTable('tokens')
    .set({ revokedAt: at })
    .where('id', 'in', (from) => from.selectFrom('family').select('family.id'))
    .where('revokedAt', 'is', null)
    .returning(['hash', 'workspaceId'])
    .execute()
}

export function tokenChange({ hash, workspaceId }: { hash: string; workspaceId?: string | null }): Change {
  return { kind: 'token', ...(workspaceId == null ? {} : { workspaceId }), id: hash }
}
