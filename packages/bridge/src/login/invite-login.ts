import type { AuthorizationServer } from './authorization-server.ts'
import { type IssuedToken, readIssuedToken } from './issued-token.ts'

/** Redeems an invite, which works once: a second use needs a new one. */
export async function loginByInvite(options: {
  server: AuthorizationServer
  invite: string
  deviceName: string
}): Promise<IssuedToken> {
  const { server, invite, deviceName } = options
  const answer = await server.post('/oauth/token', {
    grant_type: 'urn:mcpgw:params:oauth:grant-type:invite',
    client_id: 'mcpgw',
    invite,
    device_name: deviceName,
  })
  return readIssuedToken(answer, server, 'Ask for a new invite.')
}
