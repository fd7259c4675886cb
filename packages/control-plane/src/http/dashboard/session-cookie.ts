import type { Context } from 'hono'
import { serialize } from 'hono/utils/cookie'
import { placeOf } from '../pages/place.ts'

/** The cookie that holds a session, as this installation names it. */
export interface SessionCookie {
  /**
   * What the browser sent; undefined without one. Two of the name are none: somebody else has put one in front of
   * ours, and nobody can tell which.
   */
  read(c: Context): string | undefined
  /** A `Set-Cookie` that lasts as long as the session. */
  give(c: Context, session: string, maxAgeS: number): string
  /** A `Set-Cookie` that takes it away. */
  take(c: Context): string
}

/**
 * With a public https URL the name begins with `__Host-`: no other host and no page without TLS can then set it.
 * Without TLS the name holds the port, because a host's cookies are the same at all of its ports.
 */
export function createSessionCookie(publicUrl: string | undefined): SessionCookie {
  const secure = publicUrl?.startsWith('https:') === true
  const nameFor = (c: Context) => (secure ? '__Host-mcpgw-session' : `mcpgw-session-${portOf(c)}`)

  function portOf(c: Context): string {
    return new URL(placeOf(publicUrl, c).origin).port || '80'
  }

  function write(c: Context, value: string, maxAge: number): string {
    const name = nameFor(c)
    return serialize(name, value, { path: '/', httpOnly: true, secure, sameSite: 'Strict', maxAge })
  }

  return {
    read(c) {
      const [value, ...more] = valuesOf(c.req.header('cookie') ?? '', nameFor(c))
      return more.length === 0 ? value : undefined
    },
    give: write,
    take: (c) => write(c, '', 0),
  }
}

/** Every value of that name; ours needs no decoding. */
function valuesOf(header: string, name: string): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}
