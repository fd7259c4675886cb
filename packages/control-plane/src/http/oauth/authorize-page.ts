import { html } from 'hono/html'
import type { LoginClient } from '../../manage/login-clients.ts'
import { facts, type Html, layout } from '../pages/layout.ts'
import { type Place, workspaceUrl } from '../pages/place.ts'
import { type ApprovalState, approvalForm } from './approval-form.ts'
import type { CodeRequest } from './code-request.ts'
import { AUTHORIZE_PATH } from './door.ts'
import { isOwn } from './login-client.ts'
import { destinationOf } from './redirect-uri.ts'

export interface AskedLogin {
  request: CodeRequest
  client: LoginClient
  slug: string
  deviceName: string
}

/** Asks whether a program may have a token. */
export function authorizePage(place: Place, asked: AskedLogin, state: ApprovalState): Html {
  const { request, slug, client } = asked
  const url = workspaceUrl(place, slug)
  const form = `${place.basePath}${AUTHORIZE_PATH}`
  return layout(place, {
    title: `Log in to ${slug}`,
    ...(isOwn(client) ? { lead: OWN_LEAD } : { lead: OTHER_LEAD }),
    body: html`
${facts([...aboutProgram(asked), ['Workspace', html`${slug}<small>${url}</small>`]])}
${approvalForm(form, request, { ...state, who: isOwn(client) ? 'device' : 'program' })}
<p class="note">${isOwn(client) ? OWN_NOTE : OTHER_NOTE}</p>`,
  })
}

const OWN_LEAD = 'A program on this computer wants to use this workspace.'
const OTHER_LEAD = 'A program wants to use this workspace in your name.'
const OWN_NOTE = html`Approve only if you have just started this login yourself, with <code>mcpgw login</code>.`
const OTHER_NOTE = 'Approve only if you have just connected it to this workspace yourself.'

/** Its name is its own word; where the answer goes, and who publishes it, is not. */
function aboutProgram({ request, client, deviceName }: AskedLogin): [string, string | Html][] {
  if (isOwn(client)) return [['Device', deviceName]]
  return [
    ['Calls itself', deviceName],
    ...(client.publishedBy === undefined
      ? []
      : ([['Published by', client.publishedBy]] as [string, string][])),
    ['Returns to', destinationOf(request.redirect_uri)],
  ]
}
