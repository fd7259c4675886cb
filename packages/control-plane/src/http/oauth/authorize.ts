import type { Context } from 'hono'
import { z } from 'zod'
import type { LoginClient } from '../../manage/login-clients.ts'
import { approveCodeLogin } from '../../manage/logins.ts'
import { GatewayError } from '../../model/error.ts'
import type { Role } from '../../model/role.ts'
import { statusOf } from '../pages/error-page.ts'
import { allowRedirectTo } from '../pages/page-headers.ts'
import { type Place, placeOf } from '../pages/place.ts'
import { type ApprovalState, approvalFields, mendable, NO_PROOF } from './approval-form.ts'
import { type AskedLogin, authorizePage } from './authorize-page.ts'
import { clientNetwork } from './client-address.ts'
import { type CodeRequest, requestFields, requestSchema } from './code-request.ts'
import { issuerOf } from './discovery.ts'
import { AUTHORIZE_PATH, type Door } from './door.ts'
import { isOwn, requireLoginClient } from './login-client.ts'
import { describable, OAuthError } from './oauth-error.ts'
import { formLimit, readForm, readQuery } from './read-fields.ts'
import { destinationOf, withParameters } from './redirect-uri.ts'
import { slugOf } from './resource.ts'
import { deviceNameOf, shownText } from './shown-text.ts'

/** `state` is whatever the client likes within RFC 6749's characters: it goes back as it came. */
const formSchema = z.object({ ...requestFields, ...approvalFields })

/** Login in the browser (RFC 6749, 4.1 with PKCE): a page that asks, and its form. */
export function addAuthorize(door: Door): void {
  door.app.get(AUTHORIZE_PATH, async (c) => {
    const place = placeOf(door.publicUrl, c)
    const asked = await requireAsked(door, c, place, readQuery(c, requestSchema))
    const fault = faultOf(asked)
    if (fault !== undefined) return goBack(c, place, asked, refusal(fault))
    return ask(c, place, asked, {})
  })

  door.app.post(AUTHORIZE_PATH, formLimit, async (c) => {
    const place = placeOf(door.publicUrl, c)
    const { proof, role, decision, ...request } = await readForm(c, formSchema)
    const asked = await requireAsked(door, c, place, request)
    const fault = decision === 'cancel' ? CANCELLED : faultOf(asked)
    if (fault !== undefined) return goBack(c, place, asked, refusal(fault))
    const state = role === undefined ? {} : { role }
    if (proof === undefined) return ask(c, place, asked, { ...state, wrong: NO_PROOF })
    try {
      const { code } = await approve(door, c, asked, { proof, ...state })
      return goBack(c, place, asked, { code })
    } catch (error) {
      return ask(c, place, asked, { ...state, wrong: mendable(error) })
    }
  })
}

function approve(
  { manage, addresses, limits }: Door,
  c: Context,
  { request, client, slug, deviceName }: AskedLogin,
  given: { proof: string; role?: Exclude<Role, 'owner'> },
): Promise<{ code: string }> {
  return limits.proofs.attempt(clientNetwork(addresses, c), () =>
    approveCodeLogin(manage, {
      ...given,
      workspace: slug,
      deviceName,
      // Without one, `faultOf` has sent the client back.
      codeChallenge: request.code_challenge ?? '',
      redirectUri: request.redirect_uri,
      clientId: request.client_id,
      ...(!isOwn(client) && { atMost: 'developer' as const }),
    }),
  )
}

function ask(c: Context, place: Place, asked: AskedLogin, state: ApprovalState) {
  allowRedirectTo(c, asked.request.redirect_uri)
  const { wrong } = state
  return c.html(authorizePage(place, asked, state), wrong === undefined ? 200 : statusOf(wrong.code))
}

const CANCELLED = new OAuthError('access_denied', 'The login was cancelled in the browser.')

/** Who asks must be right before anything is sent back to them: a mistake here is shown, never redirected. */
async function requireAsked(door: Door, c: Context, place: Place, request: CodeRequest): Promise<AskedLogin> {
  const client = await requireLoginClient(door, c, request)
  const slug = slugOf(place, request.resource)
  if (slug !== undefined) return { request, client, slug, deviceName: nameOf(client, request) }
  throw new GatewayError('invalid_request', 'The address to log in to is not that of a workspace here.', {
    fix: `Log in again with ${place.origin}/ws/ and the name of the workspace.`,
  })
}

/** What the token will be called. */
function nameOf(client: LoginClient, { device_name, redirect_uri }: CodeRequest): string {
  if (isOwn(client)) return deviceNameOf(device_name)
  return shownText(client.name) || shownText(client.publishedBy ?? destinationOf(redirect_uri))
}

/** What the client got wrong, and is told by redirect. */
function faultOf({ request, client }: AskedLogin): OAuthError | undefined {
  if (request.response_type !== 'code') {
    return new OAuthError('unsupported_response_type', 'response_type must be "code".')
  }
  // Others may do without: PKCE binds the answer to who asked.
  if (request.state === undefined && isOwn(client))
    return new OAuthError('invalid_request', 'state is required.')
  if (request.code_challenge_method !== 'S256') {
    return new OAuthError('invalid_request', 'code_challenge_method must be "S256".')
  }
  if (!/^[\w-]{43}$/.test(request.code_challenge ?? '')) {
    return new OAuthError('invalid_request', 'code_challenge must be a SHA-256 in base64url, 43 characters.')
  }
  return undefined
}

function refusal({ code, message }: OAuthError): Record<string, string> {
  return { error: code, error_description: describable(message) }
}

/** Back to the program that began the login. `iss` says who answers (RFC 9207). */
function goBack(
  c: Context,
  place: Place,
  { request: { redirect_uri, state } }: AskedLogin,
  answer: Record<string, string>,
): Response {
  return c.redirect(withParameters(redirect_uri, { ...answer, state, iss: issuerOf(place) }), 303)
}
