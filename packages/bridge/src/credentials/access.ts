import type { Reply } from '../http/exchange.ts'
import { type Gateway, type GatewayRequest, openGateway } from '../http/gateway.ts'
import type { Settings } from '../settings.ts'
import type { WorkspaceUrl } from '../workspace-url.ts'
import { createTokenStore, type FoundToken } from './token-store.ts'
import { chooseWorkspace } from './workspace-choice.ts'

/** The way to one workspace: its connections and the token that opens it. */
export interface Access {
  workspace(): Promise<WorkspaceUrl>
  token(): Promise<FoundToken>
  /**
   * Sends a request with the token, to the workspace unless `path` names another place at its origin.
   * Rejects with BridgeError when there is no token, and with TransportError when the connection fails.
   */
  send(request: AccessRequest): Promise<Reply>
  close(): Promise<void>
}

export type AccessRequest = Omit<GatewayRequest, 'path'> & { readonly path?: string }

declare const __BRIDGE_VERSION__: string

export function createAccess(settings: Settings, workspaceFlag: string | undefined): Access {
  const store = createTokenStore(settings)
  const workspace = rememberSuccess(() => chooseWorkspace(workspaceFlag, settings, store))
  const token = rememberSuccess(async () => store.require((await workspace.get()).href))
  const gateway = rememberSuccess(async () => {
    const { href, origin } = await workspace.get()
    return openGateway(origin, { ...(await store.network(href)), ...settings.network })
  })
  const agent = { 'user-agent': `mcpgw/${__BRIDGE_VERSION__} node/${settings.version}` }

  return {
    workspace: workspace.get,
    token: token.get,
    async send({ path, ...request }) {
      const [{ path: workspacePath }, found, connections] = await Promise.all([
        workspace.get(),
        token.get(),
        gateway.get(),
      ])
      const headers = { ...agent, ...request.headers, authorization: `Bearer ${found.token}` }
      const reply = await connections.send({ ...request, path: path ?? workspacePath, headers })
      // The next message reads the token anew, so that a login mends a running bridge.
      if (refusesToken(reply)) token.forget()
      return reply
    },
    async close() {
      const open: Gateway | undefined = await gateway.get().catch(() => undefined)
      await open?.destroy()
    },
  }
}

/**
 * The gateway's word that the token is not good (RFC 6750). Where many bad ones came from one address the status is 429,
 * and waiting helps no more than with 401.
 */
export function refusesToken({ status, headers }: Pick<Reply, 'status' | 'headers'>): boolean {
  return status === 401 || /\berror="invalid_token"/.test(headers['www-authenticate'] ?? '')
}

/** Does the work once and shares its result; a failure is forgotten, and the next caller tries again. */
function rememberSuccess<T>(work: () => Promise<T>): { get(): Promise<T>; forget(): void } {
  let result: Promise<T> | undefined
  return {
    get() {
      const current = result ?? work()
      result = current
      current.catch(() => {
        if (result === current) result = undefined
      })
      return current
    },
    forget() {
      result = undefined
    },
  }
}
