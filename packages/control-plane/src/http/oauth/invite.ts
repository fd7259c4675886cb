import { html } from 'hono/html'
import { describeInvite, type InviteDescription } from '../../manage/logins.ts'
import { GatewayError } from '../../model/error.ts'
import type { Role } from '../../model/role.ts'
import { npxCommand } from '../pages/connect-page.ts'
import { facts, type Html, layout, snippet } from '../pages/layout.ts'
import { type Place, placeOf, workspaceUrl } from '../pages/place.ts'
import { type Door, INVITE_PATH } from './door.ts'
import { shownText } from './shown-text.ts'

/** What an invite link shows in a browser. Looking uses nothing up: programs that preview links look too. */
export function addInvite({ app, manage, publicUrl }: Door): void {
  app.get(`${INVITE_PATH}/:code`, async (c) => {
    const code = c.req.param('code')
    const invite = /^[\w-]{43}$/.test(code) ? await describeInvite(manage, { invite: code }) : undefined
    if (invite === undefined) throw OVER
    const place = placeOf(publicUrl, c)
    return c.html(invitePage(place, `${place.origin}${INVITE_PATH}/${code}`, invite))
  })
}

const OVER = new GatewayError('not_found', 'There is no open invite here.', {
  fix: 'A link is good for one login and a limited time. Check that it is complete, or ask for a new one.',
})

function invitePage(
  place: Place,
  link: string,
  { workspace, member, role, expiresAt }: InviteDescription,
): Html {
  const slug = shownText(workspace)
  const url = workspaceUrl(place, workspace)
  return layout(place, {
    title: `You are invited to ${slug}`,
    lead: 'One entry in your AI client opens every server of this workspace. You need Node 20 or later.',
    wide: true,
    body: html`
${facts([
  ['For', shownText(member)],
  ['You may', MAY[role]],
  [
    'Good until',
    html`<time datetime="${new Date(expiresAt).toISOString()}">${readableTime(expiresAt)}</time>`,
  ],
])}
<ol class="steps">
<li><h2>Log in</h2><p>Type this on the computer you work with. The link works once, so keep it to yourself.</p>${snippet(npxCommand(url, `login ${link}`))}</li>
<li><h2>Add it to your clients</h2><p>Finds the AI clients on this computer and adds the entry. Restart a client that was running.</p>${snippet(npxCommand(url, 'install'))}</li>
</ol>`,
  })
}

const MAY: Record<Role, string> = {
  owner: 'Do everything',
  admin: 'Use all tools, and manage servers, credentials and tokens',
  developer: 'Use all tools and read your own log',
  readonly: 'Use the tools',
}

function readableTime(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
