import type { Context } from 'hono'

/** Where this control plane stands on the web, as its clients know it. */
export interface Place {
  /** Without a slash at the end. May have a path, when a proxy serves us below one. */
  origin: string
  /** The path of the origin, '' for most: every link of a page starts with it. */
  basePath: string
}

/** The public URL where one is set, else the name under which this request came: the Host header is judged in front. */
export function placeOf(publicUrl: string | undefined, c: Context): Place {
  const origin = publicUrl ?? `http://${c.req.header('host') ?? new URL(c.req.url).host}`
  return { origin, basePath: new URL(origin).pathname.replace(/\/$/, '') }
}

/** The URL of a workspace, as clients are given it. */
export function workspaceUrl({ origin }: Place, slug: string): string {
  return `${origin}/ws/${slug}`
}
