import { z } from 'zod'
import { isRawNumber } from './json.ts'
import { RPC, RpcError, type RpcErrorObject } from './rpc-error.ts'

/** An id as the peer wrote it; a number too large for a double stays exact. */
export type RequestId = string | number | { rawJSON: string }

export type Params = Record<string, unknown> & { _meta?: Record<string, unknown> | undefined }

export interface RpcRequest {
  jsonrpc: '2.0'
  id: RequestId
  method: string
  params?: Params | undefined
}

export interface RpcNotification {
  jsonrpc: '2.0'
  method: string
  params?: Params | undefined
}

export interface RpcResponse {
  jsonrpc: '2.0'
  id: RequestId
  result?: Record<string, unknown> | undefined
  error?: RpcErrorObject | undefined
}

export type Message =
  | { kind: 'request'; message: RpcRequest }
  | { kind: 'notification'; message: RpcNotification }
  | { kind: 'response'; message: RpcResponse }

const requestId = z.union(
  [z.string(), z.number(), z.custom<{ rawJSON: string }>(isRawNumber)],
  'must be a text or a number',
)
// Not a record, which would be copied member by member: there may be as many as anybody likes to send.
const meta = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value),
  'must be an object',
)
const params = z.looseObject({ _meta: meta.optional() })
const envelope = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: requestId.optional(),
  method: z.string().min(1).max(256).optional(),
  params: params.optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.looseObject({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
})

/** Reads one JSON-RPC message. Throws RpcError `invalidRequest` that says what is wrong with it. */
export function readMessage(value: unknown): Message {
  const read = envelope.safeParse(value)
  if (!read.success) throw notAMessage(read.error)
  const { id, method } = read.data
  // The casts follow from the schema: which fields are present decides the kind.
  if (method !== undefined && id !== undefined) return { kind: 'request', message: read.data as RpcRequest }
  if (method !== undefined) return { kind: 'notification', message: read.data as RpcNotification }
  const isResponse = id !== undefined && (read.data.result ?? read.data.error) !== undefined
  if (isResponse) return { kind: 'response', message: read.data as RpcResponse }
  throw new RpcError(
    RPC.invalidRequest,
    'Not a JSON-RPC message: it has neither "method" nor "result" nor "error".',
  )
}

function notAMessage(error: z.ZodError): RpcError {
  const [first] = error.issues
  const where = first?.path.length ? ` at "${first.path.join('.')}"` : ''
  return new RpcError(
    RPC.invalidRequest,
    `Not a JSON-RPC message${where}: ${first?.message ?? 'unreadable'}.`,
  )
}

/** A key for maps: the id 1 and the id "1" are different. */
export function idKey(id: RequestId): string {
  return typeof id === 'string' ? `s${id}` : isRawNumber(id) ? `n${id.rawJSON}` : `n${id}`
}

/** The bytes of a response around a result that is JSON already. */
export function resultBytes(id: RequestId, resultJson: string | Buffer): Buffer {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`
  if (typeof resultJson === 'string') return Buffer.from(`${head}${resultJson}}`)
  return Buffer.concat([Buffer.from(head), resultJson, CLOSE])
}

const CLOSE = Buffer.from('}')

export function errorBytes(id: RequestId | null, error: RpcErrorObject): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error }))
}
