import { html } from 'hono/html'
import { facts, type Html, layout } from '../pages/layout.ts'
import { type Place, workspaceUrl } from '../pages/place.ts'
import { type ApprovalState, approvalForm } from './approval-form.ts'
import type { CodeRequest } from './code-request.ts'
import { AUTHORIZE_PATH } from './door.ts'

export interface AskedLogin {
  request: CodeRequest
  slug: string
  deviceName: string
}

/** Asks whether a program on this computer may have a token. */
export function authorizePage(
  place: Place,
  { request, slug, deviceName }: AskedLogin,
  state: ApprovalState,
): Html {
  return layout(place, {
    title: `Log in to ${slug}`,
    lead: 'A program on this computer wants to use this workspace.',
    body: html`
${facts([
  ['Device', deviceName],
  ['Workspace', html`${slug}<small>${workspaceUrl(place, slug)}</small>`],
])}
${approvalForm(`${place.basePath}${AUTHORIZE_PATH}`, request, state)}
<p class="note">Approve only if you have just started this login yourself, with <code>mcpgw login</code>.</p>`,
  })
}
