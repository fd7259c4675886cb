import type { Place } from '../pages/place.ts'
import { CLIENT_ID } from './door.ts'
import { OAuthError } from './oauth-error.ts'
import { slugOf } from './resource.ts'

/** A parameter's value. Throws `invalid_request` without one. */
export function required(name: string, value: string | undefined): string {
  if (value !== undefined) return value
  throw new OAuthError('invalid_request', `${name} is required.`)
}

/** The client has no secret, so this only keeps out what was meant for somebody else. */
export function requireClient(clientId: string | undefined): void {
  if (required('client_id', clientId) === CLIENT_ID) return
  throw new OAuthError('invalid_client', 'This client_id is not known here.', 401)
}

/** The slug of a `resource`, which must be the URL of a workspace here. */
export function requireTarget(place: Place, resource: string): string {
  const slug = slugOf(place, resource)
  if (slug !== undefined) return slug
  throw new OAuthError('invalid_target', `resource must be ${place.origin}/ws/ and the name of a workspace.`)
}
