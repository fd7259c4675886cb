import { GatewayError } from '../model/error.ts'
import { checkJsonLimits, parseJson, REPLY_LIMITS } from './json.ts'
import { type Message, type RequestId, readMessage } from './message.ts'

/**
 * A server's reply kept as bytes: between servers and clients of one era nothing in it is ours but the id. The two
 * orders in which the known SDKs write a reply are recognised at its ends; anything else is parsed.
 */
export interface Reply {
  bytes: Buffer
  id: number
  /** Where the digits of the id begin and end. */
  idStart: number
  idEnd: number
  isError: boolean
}

export type Incoming = { kind: 'reply'; reply: Reply } | Exclude<Message, { kind: 'response' }>

const ID_FIRST = /^\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*,\s*"(result|error)"\s*:/
const RESULT_FIRST = /^\{\s*"(result|error)"\s*:/
const ID_LAST = /"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*\}\s*$/

/** Longer than either end can be with ordinary white space. */
const END_BYTES = 80

/**
 * Tells what a server sent: each reply and each other message in the text, in order. Throws `upstream_invalid`
 * for what is not JSON-RPC.
 */
export function readIncoming(raw: Buffer): Incoming[] {
  const reply = recogniseReply(raw)
  return reply ? [{ kind: 'reply', reply }] : parseIncoming(raw)
}

function recogniseReply(bytes: Buffer): Reply | undefined {
  const head = bytes.toString('latin1', 0, END_BYTES)
  const first = ID_FIRST.exec(head)
  if (first) return replyAt(bytes, first, 0, first[2] === 'error')
  const kind = RESULT_FIRST.exec(head)?.[1]
  if (kind === undefined) return undefined
  const tailStart = Math.max(0, bytes.length - END_BYTES)
  const last = ID_LAST.exec(bytes.toString('latin1', tailStart))
  return last ? replyAt(bytes, last, tailStart, kind === 'error') : undefined
}

function replyAt(bytes: Buffer, match: RegExpExecArray, offset: number, isError: boolean): Reply {
  const digits = match[1] as string
  const idStart = offset + match.index + match[0].lastIndexOf(digits)
  return { bytes, id: Number(digits), idStart, idEnd: idStart + digits.length, isError }
}

function parseIncoming(raw: Buffer): Incoming[] {
  try {
    checkJsonLimits(raw, REPLY_LIMITS)
    const value = parseJson(raw.toString())
    // Servers of 2025-03-26 may send several messages at once.
    return (Array.isArray(value) ? value : [value]).map(toIncoming)
  } catch (cause) {
    throw new GatewayError('upstream_invalid', 'The server sent something that is not JSON-RPC.', { cause })
  }
}

function toIncoming(value: unknown): Incoming {
  const incoming = readMessage(value)
  if (incoming.kind !== 'response') return incoming
  const { id, result, error } = incoming.message
  // Written again in the first order, so that it is recognised.
  const body =
    error === undefined
      ? { jsonrpc: '2.0', id: Number(id), result }
      : { jsonrpc: '2.0', id: Number(id), error }
  const reply = recogniseReply(Buffer.from(JSON.stringify(body)))
  if (reply) return { kind: 'reply', reply }
  throw new GatewayError('upstream_invalid', 'The server answered under an id that nobody asked with.')
}

/** The same reply under the caller's own id. */
export function replyFor({ bytes, id: ownId, idStart, idEnd }: Reply, id: RequestId): Buffer {
  if (ownId === id) return bytes
  return Buffer.concat([bytes.subarray(0, idStart), Buffer.from(JSON.stringify(id)), bytes.subarray(idEnd)])
}

const IS_ERROR_KEY = Buffer.from('"isError"')
const TOOL_ERROR = /"isError"\s*:\s*true/

/** Whether the bytes alone show that a tool's result is no error; false means: parse it and look. */
export function surelyNoToolError({ bytes }: Reply): boolean {
  const at = bytes.indexOf(IS_ERROR_KEY)
  return at === -1 || !TOOL_ERROR.test(bytes.toString('latin1', at))
}

const INPUT_REQUIRED = Buffer.from('"input_required"')

/** Whether the bytes alone show that a modern result asks for no input. */
export function surelyComplete({ bytes }: Reply): boolean {
  return bytes.indexOf(INPUT_REQUIRED) === -1
}

/** Parses a reply in full, exactly. Throws `upstream_invalid`. */
export function parseReply(reply: Reply): Extract<Message, { kind: 'response' }>['message'] {
  try {
    checkJsonLimits(reply.bytes, REPLY_LIMITS)
    const incoming = readMessage(parseJson(reply.bytes.toString()))
    if (incoming.kind === 'response') return incoming.message
  } catch (cause) {
    throw new GatewayError('upstream_invalid', 'The server sent something that is not JSON-RPC.', { cause })
  }
  throw new GatewayError('upstream_invalid', 'The server sent something that is not a reply.')
}
