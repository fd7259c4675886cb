import type { Token } from '../api/shapes.ts'
import { DAY_MS } from '../format/times.ts'

export type TokenState = 'live' | 'ending' | 'expired' | 'revoked'

/** Time enough to renew it before something stands still. */
const WARN_MS = 7 * DAY_MS

/** Whether a token works, and for how long it still does. */
export function tokenState(
  { revokedAt, expiresAt }: Pick<Token, 'revokedAt' | 'expiresAt'>,
  now: number,
): TokenState {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt === null) return 'live'
  const leftMs = Date.parse(expiresAt) - now
  if (leftMs <= 0) return 'expired'
  return leftMs <= WARN_MS ? 'ending' : 'live'
}

export function isLive(token: Pick<Token, 'revokedAt' | 'expiresAt'>, now = Date.now()): boolean {
  const state = tokenState(token, now)
  return state === 'live' || state === 'ending'
}

/** Live ones that came from a token, at whatever distance, and so end with it. */
export function descendantsOf(token: Pick<Token, 'id'>, all: readonly Token[], now = Date.now()): Token[] {
  const children = all.filter(({ parentId }) => parentId === token.id)
  const further = children.flatMap((child) => descendantsOf(child, all, now))
  return [...children, ...further].filter((one) => isLive(one, now))
}
