import type { Context } from 'hono'
import { type LoginClient, mayRedirectTo } from '../../manage/login-clients.ts'
import { GatewayError } from '../../model/error.ts'
import { clientNetwork } from './client-address.ts'
import { CLIENT_ID, type Door } from './door.ts'
import { OAuthError } from './oauth-error.ts'
import { isLoopbackRedirect } from './redirect-uri.ts'
import { required } from './required.ts'

const OWN_CLIENT: LoginClient = { id: CLIENT_ID, name: CLIENT_ID, redirectUris: [] }

export function isOwn({ id }: LoginClient): boolean {
  return id === CLIENT_ID
}

/**
 * The client that a person is sent here by, and to which the answer may go. Throws what is shown to the person: an
 * answer to somebody unknown is never sent (RFC 6749, section 4.1.2.1).
 */
export async function requireLoginClient(
  { clients, limits, addresses }: Door,
  c: Context,
  { client_id: id, redirect_uri: uri }: { client_id: string; redirect_uri: string },
): Promise<LoginClient> {
  const client =
    id === CLIENT_ID
      ? OWN_CLIENT
      : await limits.clients.attempt(clientNetwork(addresses, c), async () => found(await clients.find(id)))
  if (isOwn(client) ? isLoopbackRedirect(uri) : mayRedirectTo(client, uri)) return client
  throw new GatewayError('invalid_request', WRONG_REDIRECT[isOwn(client) ? 'own' : 'other'])
}

/** The id of a client at the token endpoint. No document is fetched for it: the code itself says whose it is. */
export async function requireKnownClient({ clients }: Door, id: string | undefined): Promise<string> {
  const given = required('client_id', id)
  if (given === CLIENT_ID || given.startsWith('https://')) return given
  if ((await clients.find(given)) !== undefined) return given
  throw new OAuthError('invalid_client', 'This client_id is not known here.', 401)
}

const WRONG_REDIRECT = {
  own: '"redirect_uri" must be http:// to this computer itself, with a port: a program there waits.',
  other: '"redirect_uri" is none of the addresses that the program has named.',
}

function found(client: LoginClient | undefined): LoginClient {
  if (client !== undefined) return client
  throw new GatewayError('invalid_request', 'The program that sent you here is not known.', {
    fix: 'Remove the server from it and add it again: it then registers anew.',
  })
}
