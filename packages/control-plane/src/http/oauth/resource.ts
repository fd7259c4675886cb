import { type Place, workspaceUrl } from '../pages/place.ts'

/** The slug in the URL of a workspace here (`resource` of RFC 8707), or undefined for any other text. */
export function slugOf(place: Place, resource: string): string | undefined {
  const slug = /\/ws\/([a-z0-9-]{1,40})$/.exec(resource)?.[1]
  return slug !== undefined && resource === workspaceUrl(place, slug) ? slug : undefined
}
