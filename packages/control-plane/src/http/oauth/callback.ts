import type { Context } from 'hono'
import { html } from 'hono/html'
import { z } from 'zod'
import {
  type Completer,
  completeServerLogin,
  lookAtServerLogin,
  type ReturnedLogin,
} from '../../manage/server-logins.ts'
import { asGatewayError, type ErrorCode, GatewayError } from '../../model/error.ts'
import { statusOf } from '../pages/error-page.ts'
import { type Html, layout } from '../pages/layout.ts'
import { type Place, placeOf } from '../pages/place.ts'
import { explain, fieldClass, type Mistake } from './approval-form.ts'
import { clientNetwork } from './client-address.ts'
import { CALLBACK_PATH, CLIENT_DOCUMENT_PATH, type Door, FINISH_PATH } from './door.ts'
import { formLimit, readForm, readQuery } from './read-fields.ts'

const text = z.string().max(8_192, 'is too long').exactOptional()
const answerFields = { code: text, state: text, iss: text, error: text }
const answerSchema = z.object(answerFields)
const formSchema = z.object({ ...answerFields, proof: z.string().max(1_000).exactOptional() })

type AnswerFields = z.output<typeof answerSchema>

/**
 * Where a browser comes back to from the authorization server of one of the servers, and who we are there. A cookie
 * that is `SameSite=Strict` does not come along from another site, so that the first page leads on to a second, from
 * our own, at which the session shows who is there.
 */
export function addCallback(door: Door): void {
  const { app, manage, publicUrl, limits, addresses, sessionOf } = door

  app.get(CLIENT_DOCUMENT_PATH, (c) => {
    const document = manage.oauthClient.document()
    if (document !== undefined) return c.json(document)
    throw new GatewayError('not_found', 'This gateway has no public https address.', {
      fix: 'Start it with --public-url to be known by a document.',
    })
  })

  app.get(CALLBACK_PATH, (c) =>
    shown(c, async (place) => {
      const answer = readQuery(c, answerSchema)
      const login = await lookAtServerLogin(manage, asParameters(answer))
      const next = `${place.basePath}${FINISH_PATH}?${asParameters(answer)}`
      c.header('refresh', `0; url=${next}`)
      return c.html(onTheWay(place, login, next))
    }),
  )

  app.get(FINISH_PATH, (c) =>
    shown(c, async (place) => {
      const answer = readQuery(c, answerSchema)
      const login = await lookAtServerLogin(manage, asParameters(answer))
      const principal = await sessionOf(c)
      if (principal === undefined) return c.html(proofPage(place, login, answer))
      try {
        await complete(answer, { principal })
      } catch (error) {
        return c.html(proofPage(place, login, answer, notYou(error)), 403)
      }
      return c.redirect(serverPage(place, login), 303)
    }),
  )

  app.post(FINISH_PATH, formLimit, (c) =>
    shown(c, async (place) => {
      const { proof, ...answer } = await readForm(c, formSchema)
      const login = await lookAtServerLogin(manage, asParameters(answer))
      if (proof === undefined) return c.html(proofPage(place, login, answer, NO_TOKEN), 403)
      try {
        await limits.proofs.attempt(clientNetwork(addresses, c), () => complete(answer, { token: proof }))
      } catch (error) {
        const wrong = notYou(error)
        return c.html(proofPage(place, login, answer, wrong), statusOf(wrong.code))
      }
      return c.html(donePage(place, login))
    }),
  )

  function complete(answer: AnswerFields, completer: Completer): Promise<ReturnedLogin> {
    return completeServerLogin(manage, asParameters(answer), completer)
  }

  /** What went wrong with the login is told as a page; what is wrong with us goes on. */
  async function shown(c: Context, work: (place: Place) => Promise<Response>): Promise<Response> {
    const place = placeOf(publicUrl, c)
    try {
      return await work(place)
    } catch (thrown) {
      const error = asGatewayError(thrown)
      if (!FROM_THERE.has(error.code)) throw thrown
      return c.html(notLoggedInPage(place, error), 502)
    }
  }
}

/** What lies with the server that was logged in to. */
const FROM_THERE: ReadonlySet<ErrorCode> = new Set([
  'upstream_refused',
  'upstream_invalid',
  'upstream_unavailable',
  'upstream_timeout',
])

function asParameters(answer: AnswerFields): URLSearchParams {
  return new URLSearchParams(Object.entries(answer))
}

const NO_TOKEN: Mistake = {
  code: 'unauthenticated',
  message: 'Paste your token here.',
}

/** Somebody else, or too many wrong ones; throws everything else again. */
function notYou(thrown: unknown): Mistake {
  const error = asGatewayError(thrown)
  if (error.code === 'unauthenticated' || error.code === 'too_many') return error
  throw error
}

function serverPage({ basePath }: Place, { workspace, server }: ReturnedLogin): string {
  return `${basePath}/w/${workspace}/servers/${server}`
}

function onTheWay(place: Place, { server }: ReturnedLogin, next: string): Html {
  return layout(place, {
    title: `Logging in to ${server}`,
    lead: html`<a href="${next}">Go on</a> if this page stays.`,
  })
}

function donePage(place: Place, login: ReturnedLogin): Html {
  return layout(place, {
    title: `Logged in to ${login.server}`,
    lead: `The workspace ${login.workspace} uses this server with the account you have just shown.`,
    body: html`<p class="note">You can close this page, or go to <a href="${serverPage(place, login)}">the server in the dashboard</a>.</p>`,
  })
}

function notLoggedInPage(place: Place, error: GatewayError): Html {
  const { title } = NOT_LOGGED_IN
  const fix = error.fix === undefined ? '' : html`<p class="note">${error.fix}</p>`
  return layout(place, { title, lead: error.message, body: html`${fix}` })
}

const NOT_LOGGED_IN = { title: 'You are not logged in' }

/** For who began it without a browser that is signed in here: nobody else may put an account of theirs in its place. */
function proofPage(place: Place, login: ReturnedLogin, answer: AnswerFields, wrong?: Mistake): Html {
  return layout(place, {
    title: `Finish logging in to ${login.server}`,
    lead: `One step is left, so that nobody but you connects an account with the workspace ${login.workspace}.`,
    body: html`<form method="post" action="${place.basePath}${FINISH_PATH}">
${Object.entries(answer).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<div class="${fieldClass(wrong)}">
<label for="proof">The token with which you began this login</label>
<p class="hint" id="proof-hint">Or the one you were signed in with. If you did not begin a login yourself, close this page: nothing has been changed.</p>
<input id="proof" name="proof" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1000" aria-describedby="proof-hint wrong" aria-invalid="${String(wrong !== undefined)}" autofocus>
${explain(wrong)}
</div>
<div class="buttons"><button class="main">Finish</button></div>
</form>`,
  })
}
