import { html } from 'hono/html'
import { z } from 'zod'
import { asGatewayError, type ErrorCode } from '../../model/error.ts'
import type { Html } from '../pages/layout.ts'

const role = z.enum(['admin', 'developer', 'readonly'])

/** What a person decides about a login, in the browser's own flow as for a device. */
export const approvalFields = {
  proof: z.string().max(1_000, 'is too long to be a token or a link').exactOptional(),
  role: role.exactOptional(),
  decision: z.enum(['approve', 'cancel']),
}

/** What was chosen before and what was wrong with it. The proof itself is never shown again. */
export interface ApprovalState {
  /** Who asks; a device unless told otherwise. A program of somebody else never becomes an admin. */
  who?: 'device' | 'program'
  role?: z.output<typeof role>
  wrong?: Mistake
}

export interface Mistake {
  code: ErrorCode
  message: string
  fix?: string | undefined
}

export const NO_PROOF: Mistake = {
  code: 'unauthenticated',
  message: 'Paste your workspace token or your invite link here.',
  fix: 'An admin of the workspace can give you one.',
}

/** What went wrong, when the person can mend it in the form; throws everything else again. */
export function mendable(thrown: unknown): Mistake {
  const error = asGatewayError(thrown)
  if (PROOF_CODES.has(error.code) || error.code === 'forbidden') return error
  throw error
}

const PROOF_CODES: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'too_many'])

/** The form that approves or cancels. Enter in the field of the token approves: that button comes first. */
export function approvalForm(action: string, hidden: Record<string, string>, state: ApprovalState): Html {
  const { wrong, who = 'device' } = state
  const inProof = wrong !== undefined && PROOF_CODES.has(wrong.code)
  return html`<form method="post" action="${action}">
${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${proofField(who, inProof ? wrong : undefined)}
${roleField(who, state.role ?? '', inProof ? undefined : wrong)}
<div class="buttons">
<button class="main" name="decision" value="approve">Approve</button>
<button name="decision" value="cancel">Cancel</button>
</div>
</form>`
}

function proofField(who: string, wrong: Mistake | undefined): Html {
  return html`<div class="${fieldClass(wrong)}">
<label for="proof">Your workspace token or invite link</label>
<p class="hint" id="proof-hint">It shows who you are. The ${who} gets a token of its own and never sees this one.</p>
<input id="proof" name="proof" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1000" aria-describedby="proof-hint wrong" aria-invalid="${String(wrong !== undefined)}" autofocus>
${explain(wrong)}
</div>`
}

function roleField(who: string, chosen: string, wrong: Mistake | undefined): Html {
  return html`<fieldset class="${fieldClass(wrong)}" aria-describedby="wrong">
<legend>What the ${who} may do</legend>
${CHOICES.filter(({ value }) => who === 'device' || value !== 'admin').map(({ value, name, may }) => {
  const id = `role-${value || 'usual'}`
  return html`<label class="choice"><input type="radio" name="role" value="${value}" aria-describedby="${id}"${value === chosen && html` checked`}><span>${name}<small id="${id}">${may}</small></span></label>`
})}
${explain(wrong)}
</fieldset>`
}

/** The usual one has no value: then a token that may do less gives less, instead of an error. */
const CHOICES = [
  {
    value: '',
    name: 'Developer',
    may: 'Use the tools and read your own log, or less if your token may less.',
  },
  { value: 'readonly', name: 'Read only', may: 'Use the tools and see nothing else.' },
  {
    value: 'admin',
    name: 'Admin',
    may: 'Also manage servers, credentials and tokens. Needs an admin token.',
  },
] as const

export function fieldClass(wrong: Mistake | undefined): string {
  return wrong === undefined ? 'field' : 'field wrong'
}

/** A mistake beside its field, read out at once. */
export function explain(wrong: Mistake | undefined): Html | '' {
  if (wrong === undefined) return ''
  return html`<p class="error" id="wrong" role="alert">${wrong.message}${wrong.fix !== undefined && ` ${wrong.fix}`}</p>`
}
