import { Hono } from 'hono'
import { connectPage } from './connect-page.ts'
import { pageHeaders } from './page-headers.ts'
import { placeOf } from './place.ts'
import { addStylesheet } from './stylesheet.ts'

/** Pages that need no token and hold no secret, and what all pages look like. */
export function createPagesApp({ publicUrl }: { publicUrl: string | undefined }): Hono {
  const app = new Hono()
  addStylesheet(app)
  app.on('GET', ['/ws/:slug{[a-z0-9-]{1,40}}', '/ws/:slug{[a-z0-9-]{1,40}}/'], pageHeaders, (c) => {
    c.header('cache-control', 'no-store')
    // The same URL has other answers for npm and for MCP clients.
    c.header('vary', 'Accept, User-Agent')
    return c.html(connectPage(placeOf(publicUrl, c), c.req.param('slug')))
  })
  return app
}
