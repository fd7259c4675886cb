import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import ipaddr from 'ipaddr.js'

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

/**
 * What limits are counted against: the address, or the network of an IPv6 address, whose single user has all of its
 * 2^64 addresses.
 */
export function clientNetwork(publicUrl: string | undefined, c: Context): string {
  const text = clientAddress(publicUrl, c)
  if (!ipaddr.isValid(text)) return text
  const address = ipaddr.process(text)
  return address instanceof ipaddr.IPv6 ? `${address.parts.slice(0, 4).join(':')}/64` : address.toString()
}
