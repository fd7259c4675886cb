import { GatewayError } from './error.ts'

/** Whether a server has a login: none yet, one that works, or one that its authorization server does not renew. */
export type LoginState = 'none' | 'active' | 'ended'

/** Why a server that wants a login cannot be used, and what helps. */
export function loginMissing(state: 'none' | 'ended'): GatewayError {
  return new GatewayError('needs_login', WORDS[state], {
    fix: "An admin of the workspace logs in on the server's page in the dashboard.",
  })
}

const WORDS = {
  none: 'This server wants a login, and nobody has logged in yet.',
  ended: 'The login of this server is over: its authorization server does not renew it any more.',
}
