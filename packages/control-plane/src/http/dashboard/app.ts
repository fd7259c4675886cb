import { type Context, Hono } from 'hono'
import { accepts } from 'hono/accepts'
import { etag } from 'hono/etag'
import { type BuiltFile, type Encoding, readBuiltFiles } from './built-files.ts'
import { dashboardHeaders } from './headers.ts'
import { indexBelow } from './index-page.ts'
import { notBuiltPage } from './not-built.ts'

export interface DashboardOptions {
  /** Where Vite has put the dashboard; there need not be anything. Read once. */
  folder: string
  /** Where browsers find us; absent: the name under which a request came. */
  publicUrl: string | undefined
}

/** The addresses that the dashboard shows a page for. */
const PAGES = [
  '/',
  '/sign-in',
  '/setup',
  '/account',
  '/workspaces',
  '/members',
  '/catalogs',
  '/system',
  '/w/*',
]

/** The dashboard's files. They hold no secret and ask for no token: what they show they get from the admin API. */
export function createDashboardApp({ folder, publicUrl }: DashboardOptions): Hono {
  const files = readBuiltFiles(folder)
  const app = new Hono()

  const index = files?.get('/index.html')
  const page = index === undefined ? undefined : indexBelow(index, publicUrl)
  app.on('GET', PAGES, dashboardHeaders(publicUrl), async (c) => {
    c.header('cache-control', 'no-store')
    return page === undefined ? c.html(notBuiltPage(publicUrl, c)) : send(c, await page)
  })

  // The names of assets change with what is in them; those of the few files beside, such as an icon, do not.
  app.get('/assets/*', etag(), (c, next) => sendKept(c, 'public, max-age=31536000, immutable') ?? next())
  app.get('/:file', etag(), (c, next) => sendKept(c, 'no-cache') ?? next())

  function sendKept(c: Context, cacheControl: string): Promise<Response> | undefined {
    const file = files?.get(c.req.path)
    if (file === undefined || file === index) return undefined
    c.header('cache-control', cacheControl)
    c.header('cross-origin-resource-policy', 'same-origin')
    c.header('x-content-type-options', 'nosniff')
    return send(c, file)
  }
  return app
}

/** In the best encoding that the browser takes. */
async function send(c: Context, file: BuiltFile): Promise<Response> {
  const encoding = accepts(c, {
    header: 'Accept-Encoding',
    supports: file.encodings,
    default: 'identity',
    match: (accepted, { supports }) => bestOf(accepted, supports),
  }) as Encoding
  c.header('content-type', file.contentType)
  if (file.encodings.length > 1) c.header('vary', 'Accept-Encoding')
  if (encoding !== 'identity') c.header('content-encoding', encoding)
  c.header('etag', `"${file.etag}${encoding === 'identity' ? '' : `-${encoding}`}"`)
  return c.body(await file.bytes(encoding))
}

/** Ours in our order: browsers give all the same weight. */
function bestOf(accepted: readonly { type: string; q: number }[], ours: readonly string[]): string {
  const taken = new Set(accepted.filter(({ q }) => q > 0).map(({ type }) => type.toLowerCase()))
  return ours.find((encoding) => taken.has(encoding)) ?? 'identity'
}
