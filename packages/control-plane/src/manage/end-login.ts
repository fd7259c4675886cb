import { principalOf } from '../access/authenticator.ts'
import { hashToken, isWellFormedToken } from '../access/token-format.ts'
import { findGoodToken } from './approver.ts'
import type { Manage } from './context.ts'
import { record } from './operation.ts'

/**
 * Ends a token for whoever has it (RFC 7009), with a row in the log, and whatever came from it. Says nothing of one that is
 * not good any more. Not an owner's: what a program holds is never one.
 */
export async function endLogin(manage: Manage, text: string): Promise<void> {
  const token = isWellFormedToken(text) ? await findGoodToken(manage, hashToken(text)) : undefined
  if (token?.workspaceId === undefined) return
  const { id, workspaceId, name } = token
  await record(manage, principalOf(token), 'login.end', { workspaceId, thing: id, shownAs: name }, () =>
    manage.storage.tokens.revoke(id, manage.clock.now()),
  )
}
