import { BridgeError } from '../bridge-error.ts'
import type { Settings } from '../settings.ts'
import { parseWorkspaceUrl, type WorkspaceUrl } from '../workspace-url.ts'
import type { TokenStore } from './token-store.ts'

/** The workspace meant: by flag, by MCPGW_WORKSPACE, by this copy of the bridge, or the default of this user. */
export async function chooseWorkspace(
  flag: string | undefined,
  settings: Settings,
  store: TokenStore,
): Promise<WorkspaceUrl> {
  const text = flag ?? settings.workspace ?? settings.ownWorkspace ?? (await store.defaultWorkspace())
  if (text === undefined) {
    throw new BridgeError('login_needed', 'No workspace is known on this machine.', {
      fix: 'Type: mcpgw login URL',
    })
  }
  const workspace = parseWorkspaceUrl(text)
  requireSameOrigin(workspace, settings)
  return workspace
}

/** A token from the environment was issued by the gateway the environment names, and goes to no other. */
function requireSameOrigin(workspace: WorkspaceUrl, settings: Settings): void {
  const named = settings.workspace ?? settings.ownWorkspace
  if (settings.token === undefined || named === undefined) return
  const { origin } = parseWorkspaceUrl(named)
  if (origin === workspace.origin) return
  throw new BridgeError('usage', `MCPGW_TOKEN belongs to ${origin} and is not sent to ${workspace.origin}.`, {
    fix: 'Set MCPGW_WORKSPACE and MCPGW_TOKEN together, or unset MCPGW_TOKEN.',
  })
}
