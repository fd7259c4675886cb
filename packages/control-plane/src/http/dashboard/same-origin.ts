import type { Context } from 'hono'
import { GatewayError } from '../../model/error.ts'

/**
 * Throws `forbidden` unless our own page has sent this request. A browser adds its cookies to what other pages send as
 * well, and to those of other ports of this host even with `SameSite`. Reading may also be asked for by the person at
 * the browser, or come from one that does not say where it comes from: what a GET answers only our own page can read.
 */
export function requireOwnPage(publicUrl: string | undefined, c: Context): void {
  refuseOtherPages(publicUrl, c)
  const saysNothing = c.req.header('sec-fetch-site') === undefined && c.req.header('origin') === undefined
  if (saysNothing && !isReading(c)) throw notOurs()
}

/** The same for what proves itself in its body: a program that is no browser says nothing of a page, and may ask. */
export function refuseOtherPages(publicUrl: string | undefined, c: Context): void {
  const site = c.req.header('sec-fetch-site') ?? 'same-origin'
  const origin = c.req.header('origin')
  if (site !== 'same-origin' && !(site === 'none' && isReading(c))) throw notOurs()
  if (origin !== undefined && !ownOrigins(publicUrl, c.req.header('host')).includes(origin)) throw notOurs()
}

function isReading({ req: { method } }: Context): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * The public URL's, and the one that the request was sent to: the Host header is judged in front, and who uses another
 * name than the public one is on this machine.
 */
function ownOrigins(publicUrl: string | undefined, host = ''): string[] {
  const asked = URL.parse(`http://${host}`)
  const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl)
  return [
    ...(publicOrigin === undefined ? [] : [publicOrigin.origin]),
    // The public name without TLS is not ours when ours has it.
    ...(asked === null || asked.hostname === publicOrigin?.hostname ? [] : [asked.origin]),
  ]
}

function notOurs(): GatewayError {
  return new GatewayError('forbidden', 'A signed-in browser is heard only from pages of this dashboard.', {
    fix: 'Use the dashboard at its own address. Programs send a token, as "Authorization: Bearer TOKEN".',
  })
}
