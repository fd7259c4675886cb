import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import type { ClientAddresses } from '../callers/client-addresses.ts'

/** Where a request came from, for people to read. */
export function clientAddress(addresses: ClientAddresses, c: Context): string {
  return addresses.addressOf(getConnInfo(c).remote.address, c.req.header('x-forwarded-for'))
}

/** What limits are counted against. */
export function clientNetwork(addresses: ClientAddresses, c: Context): string {
  return addresses.networkOf(getConnInfo(c).remote.address, c.req.header('x-forwarded-for'))
}
