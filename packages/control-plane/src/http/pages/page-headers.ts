import { secureHeaders } from 'hono/secure-headers'

const DOCUMENT = {
  xFrameOptions: 'DENY',
  // Whoever ends TLS in front of us knows whether every name of the host has it; we do not.
  strictTransportSecurity: false,
  xXssProtection: false,
} as const

const NOTHING_LOADED = {
  defaultSrc: ["'none'"],
  styleSrc: ["'self'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
}

/** For pages without a form. What is in their address may be a secret, such as the code of an invite. */
export const pageHeaders = secureHeaders({
  ...DOCUMENT,
  referrerPolicy: 'no-referrer',
  contentSecurityPolicy: { ...NOTHING_LOADED, formAction: ["'none'"] },
})

/**
 * For pages with forms. Under `no-referrer` a browser says `Origin: null` of its own forms, and those are refused in
 * front; `same-origin` tells other sites just as little. Chromium judges `form-action` by the redirect after a form
 * too, and that goes to the program which began the login.
 */
export const formPageHeaders = secureHeaders({
  ...DOCUMENT,
  referrerPolicy: 'same-origin',
  contentSecurityPolicy: {
    ...NOTHING_LOADED,
    formAction: ["'self'", 'http://127.0.0.1:*', 'http://localhost:*'],
  },
})
