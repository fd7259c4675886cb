import { BridgeError } from '../bridge-error.ts'
import { parseWorkspaceUrl, type WorkspaceUrl } from '../workspace-url.ts'

/** What a person logs in to: a workspace, or whatever workspace the invite turns out to be for. */
export type LoginTarget =
  | { readonly kind: 'workspace'; readonly origin: string; readonly workspace: WorkspaceUrl }
  | { readonly kind: 'invite'; readonly origin: string; readonly invite: string }

/** Refuses what a workspace URL is refused for; an invite's code is as good as a token. */
export function parseLoginTarget(text: string): LoginTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const code = /^\/invite\/([^/]*)\/?$/.exec(url?.pathname ?? '')?.[1]
  if (url === undefined || code === undefined) {
    const workspace = parseWorkspaceUrl(text)
    return { kind: 'workspace', origin: workspace.origin, workspace }
  }
  // The same rules, without the code in their error messages.
  url.pathname = '/ws/invited'
  const { origin } = parseWorkspaceUrl(url.href)
  if (!/^[A-Za-z0-9_-]{43}$/.test(code)) {
    throw new BridgeError('usage', 'This invite link is cut off or mistyped.', {
      fix: 'Copy it again, whole: the part after /invite/ has 43 characters.',
    })
  }
  return { kind: 'invite', origin, invite: code }
}
