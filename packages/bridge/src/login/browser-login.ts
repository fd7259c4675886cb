import { createHash, randomBytes } from 'node:crypto'
import { BridgeError } from '../bridge-error.ts'
import type { WorkspaceUrl } from '../workspace-url.ts'
import { type AuthorizationServer, explainOAuthRefusal } from './authorization-server.ts'
import { openCallbackListener } from './callback-listener.ts'
import { type IssuedToken, readIssuedToken } from './issued-token.ts'

const limitMs = 5 * 60_000

/**
 * The authorization code flow: PKCE (RFC 7636), the browser's way back over loopback (RFC 8252), and the name of the
 * gateway that answers (RFC 9207). `show` brings the address before the user.
 */
export async function loginByBrowser(options: {
  server: AuthorizationServer
  workspace: WorkspaceUrl
  deviceName: string
  show: (address: string) => void
  limitMs?: number
}): Promise<IssuedToken> {
  const { server, workspace } = options
  const again = `Type: mcpgw login ${workspace.href}`
  const state = randomText()
  const verifier = randomText()
  const listener = await openCallbackListener({ state, limitMs: options.limitMs ?? limitMs })
  try {
    const { redirectUri } = listener
    const address = new URL('/oauth/authorize', workspace.origin)
    address.search = new URLSearchParams({
      response_type: 'code',
      client_id: 'mcpgw',
      redirect_uri: redirectUri,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource: workspace.href,
      device_name: options.deviceName,
    }).toString()
    options.show(address.href)
    const code = requireCode(await listener.answer, workspace.origin, again)
    const answer = await server.post('/oauth/token', {
      grant_type: 'authorization_code',
      client_id: 'mcpgw',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      resource: workspace.href,
    })
    return readIssuedToken(answer, server, again)
  } finally {
    listener.close()
  }
}

function requireCode(answer: URLSearchParams, origin: string, again: string): string {
  if (answer.get('iss') !== `${origin}/oauth`) {
    throw new BridgeError('server_error', `The answer in the browser did not come from ${origin}.`, {
      fix: 'Log in with the URL that the gateway itself gives for the workspace.',
    })
  }
  const error = answer.get('error')
  if (error !== null) {
    const description = answer.get('error_description')?.slice(0, 300)
    throw explainOAuthRefusal({ error, description }, again)
  }
  const code = answer.get('code')
  if (code) return code
  throw new BridgeError('server_error', 'The answer in the browser brought no code.', { fix: again })
}

function randomText(): string {
  return randomBytes(32).toString('base64url')
}
