import { type Place, placeOf, workspaceUrl } from '../pages/place.ts'
import {
  AUTHORIZE_PATH,
  DEVICE_PATH,
  type Door,
  REGISTER_PATH,
  RESOURCE_PATH,
  REVOKE_PATH,
  TOKEN_PATH,
} from './door.ts'

const ISSUER_PATH = '/oauth'

/** Our name as an authorization server (RFC 8414). */
export function issuerOf({ origin }: Place): string {
  return `${origin}${ISSUER_PATH}`
}

/** Where RFC 8414, section 3.1, has the document of an issuer with a path. */
export const METADATA_PATH = `/.well-known/oauth-authorization-server${ISSUER_PATH}`
export const RESOURCE_ROUTE = `${RESOURCE_PATH}/ws/:slug{[a-z0-9-]{1,40}}`

/**
 * What a client that was refused without a token finds its way by. The document of a workspace is not at its well-known
 * address but at one that the refusal names (RFC 9728, section 5.1): some clients look at the well-known one first, and
 * stop sending the token they were configured with when they find something. It says the same of a workspace that does
 * not exist.
 */
export function addDiscovery({ app, publicUrl }: Door): void {
  app.get(RESOURCE_ROUTE, (c) => {
    const place = placeOf(publicUrl, c)
    return c.json(resourceMetadata(place, c.req.param('slug')))
  })
  app.get(METADATA_PATH, (c) => c.json(serverMetadata(placeOf(publicUrl, c))))
}

function resourceMetadata(place: Place, slug: string) {
  return {
    resource: workspaceUrl(place, slug),
    authorization_servers: [issuerOf(place)],
    bearer_methods_supported: ['header'],
    resource_name: slug,
  }
}

function serverMetadata(place: Place) {
  const at = (path: string) => `${place.origin}${path}`
  return {
    issuer: issuerOf(place),
    authorization_endpoint: at(AUTHORIZE_PATH),
    token_endpoint: at(TOKEN_PATH),
    device_authorization_endpoint: at(DEVICE_PATH),
    registration_endpoint: at(REGISTER_PATH),
    revocation_endpoint: at(REVOKE_PATH),
    revocation_endpoint_auth_methods_supported: ['none'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code'],
    token_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  }
}
