import type { Context } from 'hono'
import { asGatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import { createSessionCookie } from './session-cookie.ts'

/** Tells who has signed in with the browser behind a request; undefined for nobody, and for a session that is over. */
export function createSessionOf(
  authenticator: { authenticateSession(session: string): Promise<Principal> },
  publicUrl: string | undefined,
): (c: Context) => Promise<Principal | undefined> {
  const cookie = createSessionCookie(publicUrl)
  return async (c) => {
    const session = cookie.read(c)
    if (session === undefined) return undefined
    return authenticator.authenticateSession(session).catch((thrown) => {
      if (asGatewayError(thrown).code === 'unauthenticated') return undefined
      throw thrown
    })
  }
}
