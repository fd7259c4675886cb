import { isObject, type JsonObject } from './form/json.ts'

/** Something that a server asks before it goes on with a call. */
export type Question = { key: string; message: string } & (
  | { kind: 'form'; schema: unknown }
  | { kind: 'page'; url: unknown }
  | { kind: 'other'; method: string }
)

/** What stands in an answer's `inputRequired`. */
export function questionsIn(inputRequired: JsonObject): Question[] {
  const { inputRequests } = inputRequired
  if (!isObject(inputRequests)) return []
  return Object.entries(inputRequests).map(([key, request]) => questionOf(key, request))
}

function questionOf(key: string, request: unknown): Question {
  const { method, params } = isObject(request) ? request : {}
  const { message, mode, url, requestedSchema } = isObject(params) ? params : ({} as JsonObject)
  const words = { key, message: typeof message === 'string' ? message : '' }
  if (method !== 'elicitation/create') return { ...words, kind: 'other', method: String(method) }
  return mode === 'url'
    ? { ...words, kind: 'page', url }
    : { ...words, kind: 'form', schema: requestedSchema }
}

export type Reply = { action: 'accept'; content?: unknown } | { action: 'decline' } | { action: 'cancel' }

/** What goes with the second call, beside the same tool and arguments. */
export function secondRound(inputRequired: JsonObject, replies: ReadonlyMap<string, Reply>): JsonObject {
  const { requestState } = inputRequired
  return {
    ...(replies.size > 0 && { inputResponses: Object.fromEntries(replies) }),
    ...(typeof requestState === 'string' && { requestState }),
  }
}
