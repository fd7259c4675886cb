import { z } from 'zod'
import type { Manage } from '../../manage/context.ts'
import { acceptInvite, type IssuedLogin, pollDeviceLogin, redeemCode } from '../../manage/logins.ts'
import { type Place, placeOf, workspaceUrl } from '../pages/place.ts'
import { clientNetwork } from './client-address.ts'
import { type Door, TOKEN_PATH } from './door.ts'
import { requireKnownClient } from './login-client.ts'
import { NO_STORE, OAuthError } from './oauth-error.ts'
import { formLimit, readForm } from './read-fields.ts'
import { requireClient, required, requireTarget } from './required.ts'
import { deviceNameOf } from './shown-text.ts'

const text = z.string().exactOptional()

const schema = z.object({
  grant_type: text,
  client_id: text,
  code: text,
  redirect_uri: text,
  code_verifier: text,
  resource: text,
  device_code: text,
  invite: text,
  device_name: text,
})

type TokenRequest = z.output<typeof schema>

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const INVITE_GRANT = 'urn:mcpgw:params:oauth:grant-type:invite'

/** Where every login ends: a proof of some kind for a token. */
export function addToken(door: Door): void {
  const { app, manage, publicUrl, addresses, limits } = door
  app.post(TOKEN_PATH, formLimit, async (c) => {
    const place = placeOf(publicUrl, c)
    const request = await readForm(c, schema)
    if (request.grant_type !== 'authorization_code') requireClient(request.client_id)
    const login = await logIn(request)
    return c.json(answer(place, login, manage.clock.now()), 200, NO_STORE)

    function logIn(asked: TokenRequest): Promise<IssuedLogin> {
      switch (asked.grant_type) {
        case 'authorization_code':
          return byCode(door, place, asked)
        case DEVICE_GRANT:
          return byDevice(manage, asked)
        case INVITE_GRANT:
          return limits.proofs.attempt(clientNetwork(addresses, c), () => byInvite(manage, asked))
        case undefined:
          throw new OAuthError('invalid_request', 'grant_type is required.')
        default:
          throw new OAuthError('unsupported_grant_type', 'This grant_type is not offered here.')
      }
    }
  })
}

async function byCode(door: Door, place: Place, request: TokenRequest): Promise<IssuedLogin> {
  const clientId = await requireKnownClient(door, request.client_id)
  const workspace = request.resource === undefined ? undefined : requireTarget(place, request.resource)
  return redeemCode(door.manage, {
    code: required('code', request.code),
    clientId,
    redirectUri: required('redirect_uri', request.redirect_uri),
    codeVerifier: required('code_verifier', request.code_verifier),
    ...(workspace !== undefined && { workspace }),
  })
}

async function byDevice(manage: Manage, request: TokenRequest): Promise<IssuedLogin> {
  const poll = await pollDeviceLogin(manage, { deviceCode: required('device_code', request.device_code) })
  switch (poll.state) {
    case 'issued':
      return poll.login
    case 'pending':
      throw new OAuthError('authorization_pending', 'Nobody has decided yet. Ask again later.')
    case 'slow_down':
      throw new OAuthError('slow_down', 'Ask less often: 5 seconds are added to the interval.')
    case 'denied':
      throw new OAuthError('access_denied', 'The login was refused in the browser.')
    case 'expired':
      throw new OAuthError('expired_token', 'The code was not approved in time. Start the login again.')
  }
}

async function byInvite(manage: Manage, request: TokenRequest): Promise<IssuedLogin> {
  const deviceName = deviceNameOf(request.device_name)
  return acceptInvite(manage, { invite: required('invite', request.invite), deviceName })
}

function answer(place: Place, { token, role, workspace, expiresAt }: IssuedLogin, now: number) {
  return {
    access_token: token,
    token_type: 'Bearer',
    ...(expiresAt !== undefined && { expires_in: Math.max(0, Math.floor((expiresAt - now) / 1000)) }),
    scope: role,
    workspace: workspaceUrl(place, workspace),
  }
}
