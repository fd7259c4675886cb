import { type Draft, draftOf, firstDraft, type OfDraft } from './form/draft.ts'
import type { OfKind } from './form/field.ts'
import { isObject, parseJson } from './form/json.ts'

/** What somebody is about to call a tool with: by the form, or as JSON. */
export interface Attempt {
  mode: 'form' | 'json'
  draft: OfDraft<'group'>
  json: string
}

export function firstAttempt(field: OfKind<'group'>): Attempt {
  return { mode: 'form', draft: asGroup(firstDraft(field, true), field), json: '{}' }
}

/** From JSON to the form; a mistake where it is none, or where the form has no place for a part of it. */
export function toForm(field: OfKind<'group'>, attempt: Attempt): Attempt | { mistake: string } {
  const mistake = jsonMistake(attempt.json)
  if (mistake !== undefined) return { mistake }
  const draft = draftOf(field, JSON.parse(attempt.json))
  if (draft?.kind !== 'group')
    return { mistake: 'The form has no place for some of this. It can be sent as it is, as JSON.' }
  return { ...attempt, mode: 'form', draft }
}

/** Arguments are an object, and whatever else is wrong with them, the server says. */
export function jsonMistake(text: string): string | undefined {
  const parsed = parseJson(text)
  if (!parsed.ok) return parsed.mistake
  return isObject(parsed.value) ? undefined : 'Arguments are a JSON object: { … }'
}

function asGroup(draft: Draft, field: OfKind<'group'>): OfDraft<'group'> {
  if (draft.kind === 'group') return draft
  // A preset of the whole that is null: a group has no other kind of draft.
  return {
    kind: 'group',
    given: true,
    members: field.members.map(({ field: member, required }) => firstDraft(member, required)),
    others: [],
  }
}

/** In memory only: what was typed for a tool is there again until the page is closed or reloaded. */
const LAST = new Map<string, Attempt>()

export function lastAttempt(slug: string, tool: string): Attempt | undefined {
  return LAST.get(`${slug} ${tool}`)
}

export function rememberAttempt(slug: string, tool: string, attempt: Attempt): void {
  LAST.set(`${slug} ${tool}`, attempt)
}
