import type { Context, MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'

/** For pages without a form. What is in their address may be a secret, such as the code of an invite. */
export const pageHeaders = headers('no-referrer', "'none'")

/**
 * For pages with forms. Under `no-referrer` a browser says `Origin: null` of its own forms, and those are refused in
 * front; `same-origin` tells other sites just as little.
 */
export const formPageHeaders = headers('same-origin', "'self'")

/**
 * Lets the form of this page end at the program that asks: Chromium judges `form-action` by the redirect after a form
 * too. A policy has no words for an IPv6 address, so a program there needs all of http; nor for what is behind a scheme
 * of a program's own.
 */
export function allowRedirectTo(c: Context, redirectUri: string): void {
  const { protocol, hostname, origin } = new URL(redirectUri)
  const isOrigin = /^https?:$/.test(protocol) && hostname !== '[::1]'
  c.header(POLICY, policy(`'self' ${isOrigin ? origin : protocol}`))
}

const POLICY = 'content-security-policy'

function policy(formAction: string): string {
  return `default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action ${formAction}`
}

function headers(referrerPolicy: string, formAction: string): MiddlewareHandler {
  const others = secureHeaders({
    referrerPolicy,
    xFrameOptions: 'DENY',
    // Whoever ends TLS in front of us knows whether every name of the host has it; we do not.
    strictTransportSecurity: false,
    xXssProtection: false,
  })
  return (c, next) =>
    others(c, async () => {
      await next()
      if (!c.res.headers.has(POLICY)) c.header(POLICY, policy(formAction))
    })
}
