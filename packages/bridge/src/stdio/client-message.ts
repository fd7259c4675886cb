import { asObject, asString, isObject, type JsonObject, parseJson } from '../json-object.ts'

export type MessageId = string | number

/** What the client wrote, read just far enough to route it. The text itself is what travels. */
export interface ClientMessage {
  readonly text: string
  readonly kind: 'request' | 'notification' | 'response'
  /** The requests waiting for an answer: one, or several in a batch of the 2025-03-26 revision. */
  readonly ids: readonly MessageId[]
  readonly method: string | undefined
  readonly params: JsonObject | undefined
  /** Set when the message carries the 2026-07-28 envelope. */
  readonly modernVersion: string | undefined
}

const protocolVersionKey = 'io.modelcontextprotocol/protocolVersion'

/** Undefined when the line is not a JSON-RPC message. */
export function readClientMessage(line: string): ClientMessage | undefined {
  const value = parseJson(line)
  if (Array.isArray(value)) return readBatch(line, value)
  if (!isObject(value)) return undefined
  const method = asString(value.method)
  const id = asId(value.id)
  if (method === undefined) {
    const isResponse = id !== undefined && ('result' in value || 'error' in value)
    return isResponse ? plain(line, 'response') : undefined
  }
  const params = asObject(value.params)
  const modernVersion = asString(asObject(params?._meta)?.[protocolVersionKey])
  const kind = id === undefined ? 'notification' : 'request'
  return { text: line, kind, ids: id === undefined ? [] : [id], method, params, modernVersion }
}

function readBatch(line: string, items: readonly unknown[]): ClientMessage | undefined {
  const objects = items.filter(isObject)
  if (objects.length === 0) return undefined
  const ids = objects
    .filter((item) => 'method' in item)
    .map((item) => asId(item.id))
    .filter((id) => id !== undefined)
  return { ...plain(line, ids.length > 0 ? 'request' : 'notification'), ids }
}

function plain(text: string, kind: ClientMessage['kind']): ClientMessage {
  return { text, kind, ids: [], method: undefined, params: undefined, modernVersion: undefined }
}

export function asId(value: unknown): MessageId | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined
}

/** True for requests that change nothing, or for which doing it twice comes to the same. */
export function isRepeatable(message: ClientMessage): boolean {
  if (message.kind !== 'request') return true
  if (message.method === undefined || message.params?.requestState !== undefined) return false
  return repeatableMethods.has(message.method)
}

const repeatableMethods: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/listen',
])
