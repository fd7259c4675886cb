import { GatewayError } from '../model/error.ts'
import { DEFAULT_LIMITS } from '../model/limits.ts'
import { type JsonLimits, parseJson, replyLimits } from './json.ts'
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
  /** Where the value of `result` or `error` begins. */
  bodyStart: number
  isError: boolean
  /** What holds if it has to be parsed. */
  limits: JsonLimits
}

export type Incoming = { kind: 'reply'; reply: Reply } | Exclude<Message, { kind: 'response' }>

const ID_FIRST = /^\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*,\s*"(result|error)"\s*:/
const RESULT_FIRST = /^\{\s*"(result|error)"\s*:/
const ID_LAST = /"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*\}\s*$/

const CLOSES = /^\s*\}\s*$/
const COMMA = /^\s*,\s*$/

/** Longer than either end can be with ordinary white space. */
const END_BYTES = 80

/**
 * Tells what a server sent: each reply and each other message in the text, in order. Throws `upstream_invalid`
 * for what is not JSON-RPC, `too_large` for what would take too long to parse.
 */
export function readIncoming(raw: Buffer, limits: JsonLimits = BY_DEFAULT): Incoming[] {
  const reply = recogniseReply(raw, limits)
  return reply ? [{ kind: 'reply', reply }] : parseIncoming(raw, limits)
}

const BY_DEFAULT = replyLimits(DEFAULT_LIMITS)

function recogniseReply(bytes: Buffer, limits: JsonLimits): Reply | undefined {
  const head = bytes.toString('latin1', 0, END_BYTES)
  const first = ID_FIRST.exec(head)
  if (first) {
    const isWhole = namesNoOtherId(bytes, first[0].length)
      ? endsWithBrace(bytes)
      : closesAfterBody(bytes, first[0].length, limits)
    return isWhole ? replyAt(bytes, first, 0, first[2] === 'error', first[0].length, limits) : undefined
  }
  const start = RESULT_FIRST.exec(head)
  if (start === null) return undefined
  const tailStart = Math.max(0, bytes.length - END_BYTES)
  const last = ID_LAST.exec(bytes.toString('latin1', tailStart))
  if (last === null) return undefined
  const lastAt = tailStart + last.index
  const isWhole =
    namesNoOtherId(bytes.subarray(0, lastAt), 0) || idFollowsBody(bytes, start[0].length, lastAt, limits)
  return isWhole ? replyAt(bytes, last, tailStart, start[1] === 'error', start[0].length, limits) : undefined
}

/**
 * The key as everybody writes it, and how an escaped letter of it would begin, less its backslash: backslashes are
 * frequent, and a search is the faster the rarer its first letter.
 */
const ID_KEYS = ['"id"', 'u00'].map((text) => Buffer.from(text))

/** Whether no key from here on can be an id, however it is written: nearly always, and quickly found out. */
function namesNoOtherId(bytes: Buffer, start: number): boolean {
  return ID_KEYS.every((key) => bytes.indexOf(key, start) === -1)
}

function endsWithBrace(bytes: Buffer): boolean {
  return /\}\s*$/.test(bytes.toString('latin1', Math.max(0, bytes.length - END_BYTES)))
}

function closesAfterBody(bytes: Buffer, bodyStart: number, limits: JsonLimits): boolean {
  const end = endOfObject(bytes, bodyStart, limits)
  return end !== undefined && CLOSES.test(bytes.toString('latin1', end, end + END_BYTES))
}

function idFollowsBody(bytes: Buffer, bodyStart: number, idAt: number, limits: JsonLimits): boolean {
  const end = endOfObject(bytes, bodyStart, limits)
  return end !== undefined && COMMA.test(bytes.toString('latin1', end, idAt))
}

/**
 * Behind the end of the object that begins here. A reply that is passed on unparsed must be one message with one id:
 * a second `id` behind the result would answer another request of the same client. Undefined for what needs a parser.
 */
function endOfObject(bytes: Buffer, start: number, { maxDepth }: JsonLimits): number | undefined {
  let at = start
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  if (bytes[at] !== OPEN_BRACE) return undefined
  for (let depth = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) at = endOfString(bytes, at)
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > maxDepth) return undefined
    } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1
  }
  return undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function replyAt(
  bytes: Buffer,
  match: RegExpExecArray,
  offset: number,
  isError: boolean,
  bodyStart: number,
  limits: JsonLimits,
): Reply {
  const digits = match[1] as string
  const idStart = offset + match.index + match[0].lastIndexOf(digits)
  return { bytes, id: Number(digits), idStart, idEnd: idStart + digits.length, bodyStart, isError, limits }
}

function parseIncoming(raw: Buffer, limits: JsonLimits): Incoming[] {
  try {
    const value = parseJson(raw, limits)
    // Servers of 2025-03-26 may send several messages at once.
    return (Array.isArray(value) ? value : [value]).map((one) => toIncoming(one, limits))
  } catch (cause) {
    if (isTooLarge(cause)) throw cause
    throw new GatewayError('upstream_invalid', 'The server sent something that is not JSON-RPC.', { cause })
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'too_large'
}

function toIncoming(value: unknown, limits: JsonLimits): Incoming {
  const incoming = readMessage(value)
  if (incoming.kind !== 'response') return incoming
  const { id, result, error } = incoming.message
  // Written again in the first order, so that it is recognised.
  const body =
    error === undefined
      ? { jsonrpc: '2.0', id: Number(id), result }
      : { jsonrpc: '2.0', id: Number(id), error }
  const reply = recogniseReply(Buffer.from(JSON.stringify(body)), limits)
  if (reply) return { kind: 'reply', reply }
  throw new GatewayError('upstream_invalid', 'The server answered under an id that nobody asked with.')
}

/** Beginnings of a reply, in any order of its short members. */
const REPLY_BEGINS =
  /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?(?:"id"\s*:\s*(\d{1,15})\s*,\s*)?(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"(?:result|error)"\s*:/
const REPLY_ENDS = /,\s*"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/

/** The id of a reply that cannot be read, where its ends show it; undefined for whatever may be something else. */
export function idOfUnreadableReply(raw: Buffer): number | undefined {
  const begins = REPLY_BEGINS.exec(raw.toString('latin1', 0, END_BYTES))
  if (begins === null) return undefined
  const ends =
    begins[1] === undefined
      ? REPLY_ENDS.exec(raw.toString('latin1', Math.max(0, raw.length - END_BYTES)))
      : null
  const id = begins[1] ?? ends?.[1]
  return id === undefined ? undefined : Number(id)
}

/** A message, or the pieces of one that are to be written one after another. */
export type Bytes = Buffer | readonly Buffer[]

/** Below this size one copy is cheaper than several writes. */
const COPY_BELOW_BYTES = 16_384

/** The same reply under the caller's own id. */
export function replyFor(reply: Reply, id: RequestId): Bytes {
  return reply.id === id ? reply.bytes : withEdits(reply, id, undefined)
}

interface Edit {
  start: number
  end: number
  text: string
}

/** The reply with the caller's id and at most one more edit. */
function withEdits({ bytes, idStart, idEnd }: Reply, id: RequestId, edit: Edit | undefined): Bytes {
  const edits: Edit[] = [{ start: idStart, end: idEnd, text: JSON.stringify(id) }]
  if (edit !== undefined) edits.push(edit)
  edits.sort((one, other) => one.start - other.start)
  const parts: Buffer[] = []
  let at = 0
  for (const { start, end, text } of edits) {
    parts.push(bytes.subarray(at, start), Buffer.from(text))
    at = end
  }
  parts.push(bytes.subarray(at))
  return bytes.length < COPY_BELOW_BYTES ? Buffer.concat(parts) : parts
}

/** How many bytes there are. */
export function sizeOf(bytes: Bytes): number {
  return Buffer.isBuffer(bytes) ? bytes.length : bytes.reduce((size, piece) => size + piece.length, 0)
}

/** All of it in one piece. */
export function inOnePiece(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.concat(bytes)
}

/** The end of the key `resultType`. */
const RESULT_TYPE_END = Buffer.from('Type"')
/** Other keys end alike, such as `mimeType`. */
function namesResultType(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(RESULT_TYPE_END); at !== -1; at = bytes.indexOf(RESULT_TYPE_END, at + 1)) {
    if (bytes.toString('latin1', Math.max(0, at - 7), at) === '"result') return true
  }
  return false
}

const OPENS_OBJECT = /^\s*\{\s*(\}?)/
const STARTS_COMPLETE = /^\s*\{\s*("resultType"\s*:\s*"complete"\s*,)/

/** A legacy result for a modern client, without parsing it; undefined where only parsing will do. */
export function legacyReplyForModern(reply: Reply, id: RequestId): Bytes | undefined {
  const { bytes, bodyStart } = reply
  const opening = OPENS_OBJECT.exec(bytes.toString('latin1', bodyStart, bodyStart + 16))
  if (opening === null || opening[1] === '}' || namesResultType(bytes)) return undefined
  const at = bodyStart + opening[0].length
  return withEdits(reply, id, { start: at, end: at, text: '"resultType":"complete",' })
}

/** The end of the key `structuredContent`. */
const STRUCTURED_CONTENT_END = Buffer.from('Content"')

/**
 * A complete modern tool result for a legacy client, without parsing it; undefined where only parsing will do.
 * Members that legacy revisions do not know may stay: a result is open in every revision.
 */
export function modernReplyForLegacy(reply: Reply, id: RequestId): Bytes | undefined {
  const { bytes, bodyStart } = reply
  if (bytes.includes(STRUCTURED_CONTENT_END)) return undefined
  const opening = STARTS_COMPLETE.exec(bytes.toString('latin1', bodyStart, bodyStart + END_BYTES))
  const member = opening?.[1]
  if (opening === null || member === undefined) return undefined
  const end = bodyStart + opening[0].length
  return withEdits(reply, id, { start: end - member.length, end, text: '' })
}

/** The end of the key `isError`, which begins with a letter that is rare in JSON. */
const IS_ERROR_END = Buffer.from('Error"')
const TOOL_ERROR = /"isError"\s*:\s*true/

/** Whether the bytes alone show that a tool's result is no error; false means: parse it and look. */
export function surelyNoToolError({ bytes }: Reply): boolean {
  const at = bytes.indexOf(IS_ERROR_END)
  return at === -1 || !TOOL_ERROR.test(bytes.toString('latin1', Math.max(0, at - 3)))
}

const INPUT_REQUIRED = Buffer.from('"input_required"')

/** Whether the bytes alone show that a modern result asks for no input. */
export function surelyComplete({ bytes, bodyStart }: Reply): boolean {
  const opening = bytes.toString('latin1', bodyStart, bodyStart + END_BYTES)
  return STARTS_COMPLETE.test(opening) || bytes.indexOf(INPUT_REQUIRED) === -1
}

/** Parses a reply in full, exactly. Throws `upstream_invalid` or `too_large`. */
export function parseReply(reply: Reply): Extract<Message, { kind: 'response' }>['message'] {
  try {
    const incoming = readMessage(parseJson(reply.bytes, reply.limits))
    if (incoming.kind === 'response') return incoming.message
  } catch (cause) {
    if (isTooLarge(cause)) throw cause
    throw new GatewayError('upstream_invalid', 'The server sent something that is not JSON-RPC.', { cause })
  }
  throw new GatewayError('upstream_invalid', 'The server sent something that is not a reply.')
}
