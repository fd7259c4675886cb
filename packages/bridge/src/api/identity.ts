import type { Access } from '../credentials/access.ts'
import { readApi } from './read-api.ts'
import { type Identity, identityShape } from './shapes.ts'

/** Asks the gateway whom the token belongs to. Rejects like `readApi`. */
export function fetchIdentity(
  access: Pick<Access, 'workspace' | 'send'>,
  limitMs?: number,
): Promise<Identity> {
  return readApi(access, '/api/v1/whoami', identityShape, limitMs)
}

/** The end of the token's life for people, or undefined when it has none. */
export function expiryOf({ expiresAt }: Identity): string | undefined {
  return expiresAt === undefined || expiresAt === null ? undefined : new Date(expiresAt).toISOString()
}
