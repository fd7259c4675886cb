import { BridgeError } from '../bridge-error.ts'
import type { Reply } from '../http/exchange.ts'
import type { Gateway } from '../http/gateway.ts'
import { readText } from '../http/server-events.ts'
import { asObject, asString, type JsonObject, parseJson } from '../json-object.ts'

/** The gateway as the one who issues tokens. It is asked at its own origin alone; no redirect is followed. */
export interface AuthorizationServer {
  readonly origin: string
  /**
   * Sends a form and resolves with the answer or the refusal. Rejects with TransportError when the connection
   * fails, and with BridgeError when something else than an mcpgw gateway answers.
   */
  post(path: string, form: Readonly<Record<string, string>>): Promise<Answer>
}

export type Answer =
  | { readonly granted: true; readonly value: JsonObject }
  | { readonly granted: false; readonly refusal: OAuthRefusal }

/** A refusal in the words of RFC 6749, or `temporarily_unavailable` for whatever is worth another try. */
export interface OAuthRefusal {
  readonly error: string
  readonly description: string | undefined
}

declare const __BRIDGE_VERSION__: string

const answerLimitMs = 15_000
const maxAnswerBytes = 64 * 1024
const maxDescriptionLength = 300

export function createAuthorizationServer(origin: string, gateway: Gateway): AuthorizationServer {
  return {
    origin,
    async post(path, form) {
      const reply = await gateway.send({
        method: 'POST',
        path,
        lane: 'calls',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          'user-agent': `mcpgw/${__BRIDGE_VERSION__}`,
        },
        body: new URLSearchParams(form).toString(),
        signal: AbortSignal.timeout(answerLimitMs),
      })
      return readAnswer(reply, await readText(reply, maxAnswerBytes), origin)
    },
  }
}

function readAnswer({ status, headers }: Reply, text: string, origin: string): Answer {
  const value = asObject(parseJson(text))
  const error = asString(value?.error)
  const description = asString(value?.error_description)?.slice(0, maxDescriptionLength)
  if (status === 200 && value !== undefined) return { granted: true, value }
  if (status >= 400 && error !== undefined) return { granted: false, refusal: { error, description } }
  if (status >= 500 || status === 429) {
    const refusal = { error: 'temporarily_unavailable', description: `HTTP ${status}` }
    return { granted: false, refusal }
  }
  throw strange(status, headers, origin)
}

function strange(status: number, headers: Reply['headers'], origin: string): BridgeError {
  if (status >= 300 && status < 400) {
    const target = headers.location ?? 'another address'
    return new BridgeError('not_mcp', `${origin} redirects to ${target}; logins are not sent there.`, {
      fix: 'Log in with the final URL.',
    })
  }
  if (status === 404 || status === 405) {
    return new BridgeError('not_mcp', `${origin} offers no login.`, {
      fix: 'Check the URL, or log in with a token: mcpgw login URL --with-token < token-file',
    })
  }
  return new BridgeError('not_mcp', `${origin} did not answer like an mcpgw gateway (HTTP ${status}).`, {
    fix: 'Check the URL.',
  })
}

/** The refusal as the end of a login. `again` says what to type or to ask for. */
export function explainOAuthRefusal({ error, description }: OAuthRefusal, again: string): BridgeError {
  const said = description === undefined ? '' : ` (${description.replace(/\.$/, '')})`
  switch (error) {
    case 'access_denied':
      return new BridgeError('forbidden', `The login was refused${said}.`)
    case 'expired_token':
      return new BridgeError('login_needed', `Nobody approved the login in time${said}.`, { fix: again })
    case 'invalid_grant':
      return new BridgeError('login_needed', `The gateway does not accept this login${said}.`, { fix: again })
    case 'invalid_target':
      return new BridgeError('workspace_not_found', `The gateway knows no such workspace${said}.`, {
        fix: 'Check the URL.',
      })
    case 'slow_down':
      return new BridgeError('server_error', `The gateway has had too many logins${said}.`, {
        fix: 'Wait a minute, then try again.',
      })
    default:
      return new BridgeError('server_error', `The login failed: ${error.slice(0, 100)}${said}.`, {
        fix: again,
      })
  }
}
