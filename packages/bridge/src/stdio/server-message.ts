import { asObject, asString, isObject, type JsonObject, parseJson } from '../json-object.ts'
import { asId, type MessageId } from './client-message.ts'

/** What the gateway wrote, on one line, with the few fields the bridge looks at. */
export interface ServerMessage {
  readonly line: string
  /** The requests this message answers; several in a batch. */
  readonly answers: readonly MessageId[]
  readonly method: string | undefined
  readonly params: JsonObject | undefined
  readonly result: JsonObject | undefined
  readonly error: JsonObject | undefined
}

/** Undefined when the text is not a JSON-RPC message, and so must not reach the client. */
export function readServerMessage(text: string): ServerMessage | undefined {
  const value = parseJson(text)
  // A raw newline in valid JSON is white space between tokens: strings hold only escaped ones.
  const line = text.trim().replace(/[\r\n]+/g, ' ')
  if (Array.isArray(value)) return { ...nothing, line, answers: value.flatMap(answeredBy) }
  if (!isObject(value) || value.jsonrpc !== '2.0') return undefined
  return {
    line,
    answers: answeredBy(value),
    method: asString(value.method),
    params: asObject(value.params),
    result: asObject(value.result),
    error: asObject(value.error),
  }
}

const nothing = { method: undefined, params: undefined, result: undefined, error: undefined }

function answeredBy(value: unknown): MessageId[] {
  if (!isObject(value) || !('result' in value || 'error' in value)) return []
  const id = asId(value.id)
  return id === undefined ? [] : [id]
}
