import type { Transaction } from 'kysely'
import { GatewayError } from '../model/error.ts'
import type { Redemption } from '../model/stores.ts'
import type { Token } from '../model/token.ts'
import { type Database, write } from './database.ts'
import type { Tables } from './tables.ts'
import { insertToken } from './token-family.ts'
import { refusing } from './violation.ts'

/** One token for what proves it, all or nothing. Every way in takes its locks in this order. */
export function redeem(database: Database, token: Token, redemption: Redemption, at: number): Promise<void> {
  const { parentHash, inviteHash, loginHash } = redemption
  return refusing(
    { taken: 'This token exists already.', missing: 'This workspace does not exist any more.' },
    () =>
      write(database, async (transaction, announce) => {
        await holdWorkspace(database, transaction, token)
        if (parentHash !== undefined) await holdParent(database, transaction, parentHash, at)
        await insertToken(transaction, token, announce)
        if (inviteHash !== undefined) await useInvite(transaction, inviteHash, token.id, at)
        if (loginHash !== undefined) await useLogin(transaction, loginHash, token.id, at)
      }),
  )
}

/** First of all, as whoever removes a workspace does: two who lock in another order wait for each other. */
export async function holdWorkspace(
  { dialect }: Database,
  transaction: Transaction<Tables>,
  { workspaceId }: Token,
): Promise<void> {
  if (dialect !== 'postgres' || workspaceId === undefined) return
  await transaction
    .selectFrom('workspaces')
    .select('id')
    .where('id', '=', workspaceId)
    .forKeyShare()
    .execute()
}

/**
 * Until the commit nobody can revoke or rotate the parent; afterwards they find its new child. Throws `conflict` when it
 * has ended. A session is nobody's parent.
 */
export async function holdParent(
  { dialect }: Database,
  transaction: Transaction<Tables>,
  hash: string,
  at: number,
): Promise<void> {
  const parent = await transaction
    .selectFrom('tokens')
    .select('id')
    .where('hash', '=', hash)
    .where('kind', '=', 'token')
    .where('revokedAt', 'is', null)
    .where(({ or, eb }) => or([eb('expiresAt', 'is', null), eb('expiresAt', '>', at)]))
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst()
  if (parent === undefined) throw usedUp('The token it rests on has ended.')
}

async function useInvite(
  transaction: Transaction<Tables>,
  hash: string,
  tokenId: string,
  at: number,
): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable('invites')
    .set({ usedAt: at, tokenId })
    .where('hash', '=', hash)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', at)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw usedUp('This invite is used or over.')
}

async function useLogin(
  transaction: Transaction<Tables>,
  hash: string,
  tokenId: string,
  at: number,
): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable('pendingLogins')
    .set({ tokenId })
    .where('hash', '=', hash)
    .where('tokenId', 'is', null)
    .where('decision', '=', 'approved')
    .where('expiresAt', '>', at)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw usedUp('This login is used or over.')
}

function usedUp(message: string): GatewayError {
  return new GatewayError('conflict', message)
}
