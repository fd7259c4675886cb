import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/**
 * Where a request came from. We speak plain HTTP only, so a public https URL means that a proxy ends TLS in front of
 * us: then it is what that proxy saw. Who gets around the proxy can lie here, and gains a limit of their own.
 */
export function clientAddress(publicUrl: string | undefined, c: Context): string {
  const seenByProxy = publicUrl?.startsWith('https:')
    ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim().slice(0, 50)
    : undefined
  return seenByProxy || (getConnInfo(c).remote.address ?? 'an unknown address')
}
