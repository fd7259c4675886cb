import { html } from 'hono/html'
import type { DeviceLoginDescription } from '../../manage/logins.ts'
import { facts, type Html, layout } from '../pages/layout.ts'
import { type Place, workspaceUrl } from '../pages/place.ts'
import { type ApprovalState, approvalForm, explain, fieldClass, type Mistake } from './approval-form.ts'
import { CHECK_PATH, DECIDE_PATH } from './door.ts'
import { shownText } from './shown-text.ts'

/** Asks for the code that a device shows. */
export function userCodePage(
  place: Place,
  { typed, wrong }: { typed: string; wrong?: Mistake | undefined },
): Html {
  return layout(place, {
    title: 'Log in a device',
    lead: 'The device shows a code of eight letters.',
    body: html`<form method="post" action="${place.basePath}${CHECK_PATH}">
<div class="${fieldClass(wrong)}">
<label for="user-code">Code on the device</label>
<p class="hint" id="user-code-hint">Such as BCDF-GHJK. Small letters will do.</p>
<input class="code" id="user-code" name="user_code" type="text" value="${typed}" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" aria-describedby="user-code-hint wrong" aria-invalid="${String(wrong !== undefined)}" autofocus>
${explain(wrong)}
</div>
<div class="buttons"><button class="main">Continue</button></div>
</form>`,
  })
}

export interface ShownDeviceLogin {
  userCode: string
  login: DeviceLoginDescription
  now: number
}

/** Asks whether a device may have a token. Codes sent by strangers are the usual trick: hence the facts. */
export function deviceLoginPage(
  place: Place,
  { userCode, login, now }: ShownDeviceLogin,
  state: ApprovalState,
): Html {
  const workspace = shownText(login.workspace)
  return layout(place, {
    title: `Log in to ${workspace}`,
    lead: 'Is this the device in front of you? Only you can tell.',
    body: html`
${facts([
  ['Device', shownText(login.deviceName)],
  ['Workspace', html`${workspace}<small>${workspaceUrl(place, workspace)}</small>`],
  ['Code', html`<span class="code">${userCode}</span><small>The device must show this very code.</small>`],
  ['Asked', html`${minutesAgo(now - login.requestedAt)}<small>from ${shownText(login.address)}</small>`],
])}
${approvalForm(`${place.basePath}${DECIDE_PATH}`, { user_code: userCode }, state)}
<p class="note">If somebody sent you this code, cancel: approving would let them in.</p>`,
  })
}

/** Tells that all is done here. */
export function decidedPage(
  place: Place,
  { deviceName }: DeviceLoginDescription,
  decision: 'approved' | 'refused',
): Html {
  const device = shownText(deviceName)
  return decision === 'approved'
    ? layout(place, {
        title: 'The device is logged in',
        lead: html`Go back to <strong>${device}</strong>: it goes on by itself in a few seconds. You can close this window.`,
      })
    : layout(place, {
        title: 'The login is cancelled',
        lead: html`<strong>${device}</strong> got no token. You can close this window.`,
      })
}

function minutesAgo(elapsedMs: number): string {
  const minutes = Math.floor(elapsedMs / 60_000)
  if (minutes < 1) return 'Just now'
  return minutes === 1 ? 'A minute ago' : `${minutes} minutes ago`
}
