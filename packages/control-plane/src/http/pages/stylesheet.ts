import { readFileSync } from 'node:fs'
import type { Hono } from 'hono'
import { etag } from 'hono/etag'

export const STYLE_PATH = '/pages/style.css'

/** The one stylesheet. Asked for again with every page, and answered with 304 as long as it is the same. */
export function addStylesheet(app: Hono): void {
  const text = readFileSync(new URL('./style.css', import.meta.url), 'utf8')
  app.get(STYLE_PATH, etag(), (c) =>
    c.body(text, 200, {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    }),
  )
}
