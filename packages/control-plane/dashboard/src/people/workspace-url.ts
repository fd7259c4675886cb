import { BASE_PATH } from '../base-path.ts'

/** The one address that AI clients of a workspace use. */
export function workspaceUrl(slug: string): string {
  return `${location.origin}${BASE_PATH}/ws/${slug}`
}
