import * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import { TransportError } from '../http/transport-error.ts'
import type { WorkspaceUrl } from '../workspace-url.ts'
import { type Answer, type AuthorizationServer, explainOAuthRefusal } from './authorization-server.ts'
import { type IssuedToken, readIssuedToken } from './issued-token.ts'

/** What to tell the user, who approves with any browser anywhere. */
export interface DeviceInvitation {
  readonly userCode: string
  /** Where to type the code. */
  readonly address: string
  /** The same with the code in it. */
  readonly completeAddress: string | undefined
}

export interface Clock {
  now(): number
  wait(ms: number): Promise<unknown>
}

const invitationSchema = z.object({
  device_code: z.string().check(z.minLength(1)),
  user_code: z.string().check(z.regex(/^[A-Za-z0-9-]{4,20}$/)),
  verification_uri: z.string(),
  verification_uri_complete: z.optional(z.string()),
  expires_in: z.number().check(z.gt(0), z.lte(3600)),
  interval: z._default(z.number().check(z.gte(1), z.lte(60)), 5),
})

type Invitation = z.infer<typeof invitationSchema>

/** The device flow of RFC 8628. `show` brings code and address before the user; nothing is opened here. */
export async function loginByDevice(options: {
  server: AuthorizationServer
  workspace: WorkspaceUrl
  deviceName: string
  show: (invitation: DeviceInvitation) => void
  clock: Clock
}): Promise<IssuedToken> {
  const { server, workspace, clock } = options
  const again = `Type: mcpgw login ${workspace.href} --device`
  const begun = await server.post('/oauth/device', {
    client_id: 'mcpgw',
    resource: workspace.href,
    device_name: options.deviceName,
  })
  if (!begun.granted) throw explainOAuthRefusal(begun.refusal, again)
  const invitation = invitationSchema.safeParse(begun.value)
  if (!invitation.success) {
    throw new BridgeError('not_mcp', `${server.origin} did not answer like an mcpgw gateway.`, {
      fix: 'Check the URL.',
    })
  }
  options.show(readInvitation(invitation.data, server.origin))
  return readIssuedToken(await poll(invitation.data, server, clock), server, again)
}

function readInvitation(invitation: Invitation, origin: string): DeviceInvitation {
  const { user_code, verification_uri, verification_uri_complete: complete } = invitation
  return {
    userCode: user_code,
    address: requireOwnAddress(verification_uri, origin),
    completeAddress: complete === undefined ? undefined : requireOwnAddress(complete, origin),
  }
}

/** The user types proof of who they are at this address: it is the gateway's own or nobody's. */
function requireOwnAddress(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && url.origin === origin && url.username === '' && url.password === '') {
    return url.href
  }
  throw new BridgeError('not_mcp', `${origin} wants the login approved at another address than its own.`, {
    fix: 'Log in with the URL that the gateway itself gives for the workspace.',
  })
}

/** Asks until it is decided. A broken connection or a gateway that restarts only makes it ask less often. */
async function poll(invitation: Invitation, server: AuthorizationServer, clock: Clock): Promise<Answer> {
  const deadline = clock.now() + invitation.expires_in * 1_000
  let intervalMs = invitation.interval * 1_000
  let failures = 0
  for (;;) {
    await clock.wait(intervalMs + failures * 5_000)
    const answer = await ask(invitation, server)
    const state = answer.granted ? undefined : answer.refusal.error
    if (state === 'slow_down') intervalMs += 5_000
    failures = isTrouble(state) ? failures + 1 : 0
    if (!isUndecided(state)) return answer
    if (clock.now() >= deadline) {
      return isTrouble(state) ? answer : { granted: false, refusal: expired }
    }
  }
}

const expired = { error: 'expired_token', description: undefined }

async function ask(invitation: Invitation, server: AuthorizationServer): Promise<Answer> {
  try {
    return await server.post('/oauth/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'mcpgw',
      device_code: invitation.device_code,
    })
  } catch (error) {
    if (!(error instanceof TransportError) || error.isPermanent) throw error
    return { granted: false, refusal: { error: 'temporarily_unavailable', description: error.message } }
  }
}

function isTrouble(state: string | undefined): boolean {
  return state === 'temporarily_unavailable' || state === 'server_error'
}

function isUndecided(state: string | undefined): boolean {
  return state === 'authorization_pending' || state === 'slow_down' || isTrouble(state)
}
