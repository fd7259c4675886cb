import type { MiddlewareHandler } from 'hono'

/** Nothing from elsewhere, nothing inline, nothing that is built out of text. Media come inside of results of tools. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  'media-src data: blob:',
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const UNUSED = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'usb',
  'xr-spatial-tracking',
]

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': UNUSED.map((feature) => `${feature}=()`).join(', '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

const YEAR_S = 31_536_000

/** What every page of the dashboard is sent with. That TLS is here to stay is said where the public URL has it. */
export function dashboardHeaders(publicUrl: string | undefined): MiddlewareHandler {
  const hasTls = publicUrl?.startsWith('https:') === true
  const headers = Object.entries({
    ...HEADERS,
    ...(hasTls && { 'strict-transport-security': `max-age=${YEAR_S}` }),
  })
  return async (c, next) => {
    await next()
    for (const [name, value] of headers) c.res.headers.set(name, value)
  }
}
