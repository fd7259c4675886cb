import { asBridgeError, BridgeError, type Reason } from '../bridge-error.ts'
import { refusesToken } from '../credentials/access.ts'
import type { Reply } from '../http/exchange.ts'
import { readText } from '../http/server-events.ts'
import { asObject, asString, parseJson } from '../json-object.ts'
import type { WorkspaceUrl } from '../workspace-url.ts'
import { readServerMessage, type ServerMessage } from './server-message.ts'

/** An HTTP answer other than 2xx. */
export interface Refusal {
  readonly status: number
  readonly headers: Reply['headers']
  /** The JSON-RPC message in its body, when there is one. */
  readonly message: ServerMessage | undefined
  /** What its body says in words. */
  readonly detail: string | undefined
}

const maxRefusalBytes = 1024 * 1024

export async function readRefusal(reply: Reply): Promise<Refusal> {
  const text = await readText(reply, maxRefusalBytes)
  const message = readServerMessage(text)
  return { status: reply.status, headers: reply.headers, message, detail: detailOf(text, message) }
}

function detailOf(text: string, message: ServerMessage | undefined): string | undefined {
  const problem = asObject(parseJson(text))
  const words = [
    asString(message?.error?.message) ?? asString(problem?.detail) ?? asString(problem?.error_description),
    asString(problem?.fix),
  ]
  return words.filter((word) => word !== undefined).join(' ') || undefined
}

export function isPassing(refusal: Refusal): boolean {
  return (refusal.status >= 500 || refusal.status === 429) && !refusesToken(refusal)
}

/** The gateway's own word for it, told apart from a method or a session that it does not know. */
export function isWorkspaceMissing({ status, message }: Refusal): boolean {
  return status === 404 && asObject(message?.error?.data)?.code === 'not_found'
}

/** True for an error after which a new attempt would meet the same answer. */
export function isLasting(error: unknown): boolean {
  return lasting.has(asBridgeError(error).reason)
}

const lasting: ReadonlySet<Reason> = new Set([
  'usage',
  'login_needed',
  'bad_token',
  'forbidden',
  'workspace_not_found',
  'not_mcp',
])

export function explainRefusal(refusal: Refusal, workspace: WorkspaceUrl): BridgeError {
  const said = refusal.detail === undefined ? '' : ` (${refusal.detail.replace(/\.$/, '')})`
  const { status } = refusal
  const login = { fix: `Type: mcpgw login ${workspace.href}` }
  if (refusesToken(refusal)) {
    return new BridgeError('login_needed', `${workspace.origin} does not accept the token${said}.`, login)
  }
  if (status === 403) {
    return new BridgeError('forbidden', `The token may not use ${workspace.href}${said}.`, {
      fix: `Ask for a token of this workspace, then type: mcpgw login ${workspace.href}`,
    })
  }
  if (status === 404) {
    return new BridgeError('workspace_not_found', `There is no workspace at ${workspace.href}${said}.`, {
      fix: 'Check the URL, then type: mcpgw login URL',
    })
  }
  if (status >= 300 && status < 400) {
    const target = refusal.headers.location ?? 'another address'
    return new BridgeError(
      'not_mcp',
      `${workspace.href} redirects to ${target}; tokens are not sent there.`,
      {
        fix: 'Log in with the final URL.',
      },
    )
  }
  return new BridgeError('server_error', `${workspace.origin} answered HTTP ${status}${said}.`)
}
