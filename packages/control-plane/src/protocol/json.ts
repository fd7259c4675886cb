import { GatewayError } from '../model/error.ts'
import { type LimitName, type Limits, raiseLimit } from '../model/limits.ts'

export interface JsonLimits {
  maxDepth: number
  /**
   * Brackets, commas and colons outside of strings: what decides the memory and the time that parsing takes. Long
   * numbers and those that are kept as they were written count as more of them.
   */
  maxTokens: number
  /** Whose words they are, for the refusal. */
  of?: 'reply'
}

/** For what clients send. */
export function requestLimits(limits: Limits): JsonLimits {
  return { maxDepth: limits['json-depth'], maxTokens: limits['json-values'] }
}

/** For what servers send. */
export function replyLimits(limits: Limits): JsonLimits {
  return { of: 'reply', maxDepth: limits['reply-json-depth'], maxTokens: limits['reply-json-values'] }
}

/** For JSON that is our own. */
export const NO_LIMITS: JsonLimits = {
  maxDepth: Number.POSITIVE_INFINITY,
  maxTokens: Number.POSITIVE_INFINITY,
}

const PLAIN_INTEGER = /^-?\d+(?:\.0+)?$/
/** A double holds every number of 15 digits; with a point they are 16 characters. */
const MAX_SURE_CHARACTERS = 15
/** JavaScript writes no double with more, but for zeros around them. */
const MAX_WRITTEN_DIGITS = 17
/** What numbers take beside what a token takes: half a microsecond to compare a long one, twice that to keep it. */
const TOKENS_PER_LONG_NUMBER = 1
const TOKENS_PER_KEPT_NUMBER = 3
/** An exponent that may overflow, a zero with a minus, and a zero that ends a fraction. */
const WRITTEN_OTHERWISE = /[eE][+-]?\d{3}|^-0(?:\.0*)?(?:[eE]|$)|\.\d*0$/
/** Stands before numbers while they are texts. Unknown outside: who guessed it would spoil their own message only. */
const MARK = `${crypto.randomUUID()}#`
const OPENING = Buffer.from(`"${MARK}`)

/**
 * Parses JSON so that it is written again with the same digits: numbers that JavaScript would write otherwise become
 * `JSON.rawJSON` objects, which JSON.stringify writes as they were. Throws `too_large` over the limits, before anything
 * is built, and SyntaxError for what is not JSON.
 */
export function parseJson(source: Buffer | string, limits: JsonLimits): unknown {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source
  const inexact = scan(bytes, limits, 'numbers too')
  if (inexact === undefined) return JSON.parse(source.toString())
  try {
    return withExactNumbers(JSON.parse(markedText(bytes, inexact)))
  } catch {
    // The parser's words are to be about the text as it came.
    return JSON.parse(source.toString())
  }
}

/** Throws `too_large` when the text is nested too deeply or has too many tokens. Builds nothing. */
export function checkJsonLimits(bytes: Buffer, limits: JsonLimits): void {
  scan(bytes, limits, 'limits only')
}

// TypeScript's library does not know JSON.rawJSON yet; Node has it since 22.
const jsonWithRaw = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { rawJSON: string }
}

/** A number kept exactly by `parseJson`. */
export function isRawNumber(value: unknown): value is { rawJSON: string } {
  return jsonWithRaw.isRawJSON(value)
}

/**
 * The text with each inexact number as a string behind the mark. A reviver that is given the source of each value
 * would do as well, but costs ten times the parse: a body of 4 MB could stop everybody for a quarter of a second.
 */
function markedText(bytes: Buffer, inexact: readonly Span[]): string {
  const marked = Buffer.allocUnsafe(bytes.length + inexact.length * (OPENING.length + 1))
  let from = 0
  let to = 0
  for (const { start, end } of inexact) {
    to += bytes.copy(marked, to, from, start)
    to += OPENING.copy(marked, to)
    to += bytes.copy(marked, to, start, end)
    marked[to++] = QUOTE
    from = end
  }
  to += bytes.copy(marked, to, from)
  return marked.toString('utf8', 0, to)
}

/** Throws SyntaxError for a mark around something that is no number. */
function withExactNumbers(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.startsWith(MARK) ? jsonWithRaw.rawJSON(value.slice(MARK.length)) : value
  }
  if (typeof value !== 'object' || value === null) return value
  // What was just parsed: nobody else sees it change.
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) value[at] = withExactNumbers(value[at])
    return value
  }
  // Its members are its own, even one called __proto__.
  const members = value as Record<string, unknown>
  for (const key of Object.keys(members)) {
    const member = members[key]
    if (typeof member === 'string' || typeof member === 'object') members[key] = withExactNumbers(member)
  }
  return value
}

/** Where a number stands that JavaScript would not write again as it is. */
interface Span {
  start: number
  end: number
}

const QUOTE = 0x22
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Looks at each byte once. Gives the numbers to keep as they are written, or nearly always undefined: there are none. */
function scan(bytes: Buffer, limits: JsonLimits, what: 'numbers too' | 'limits only'): Span[] | undefined {
  const looksAtNumbers = what === 'numbers too'
  /** All of it, one character for each byte: a piece of it costs a third of what decoding that piece costs. */
  let latin1: string | undefined
  let depth = 0
  let tokens = 0
  let inexact: Span[] | undefined
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) {
      at = endOfString(bytes, at)
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      tokens++
      if (++depth > limits.maxDepth) throw tooDeep(limits)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--
    } else if (byte === COMMA || byte === COLON) {
      if (++tokens > limits.maxTokens) throw tooMany(limits)
    } else if (looksAtNumbers && isOfNumber(byte)) {
      const end = endOfNumber(bytes, at)
      if (mayBeInexact(bytes, at, end)) {
        latin1 ??= bytes.toString('latin1')
        if (isInexact(bytes, at, end, latin1)) {
          inexact ??= []
          inexact.push({ start: at, end })
          tokens += TOKENS_PER_KEPT_NUMBER
        } else if (end - at > MAX_SURE_CHARACTERS) tokens += TOKENS_PER_LONG_NUMBER
        if (tokens > limits.maxTokens) throw tooManyNumbers(limits)
      }
      at = end - 1
    }
  }
  if (tokens > limits.maxTokens) throw tooMany(limits)
  return inexact
}

function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function endOfNumber(bytes: Buffer, start: number): number {
  let at = start + 1
  while (at < bytes.length && isOfNumber(bytes[at] ?? 0)) at++
  return at
}

/** Digits, signs, points and exponents. */
function isOfNumber(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2e ||
    byte === 0x2d ||
    byte === 0x2b ||
    (byte | 0x20) === 0x65
  )
}

/** The shortest number that a double may not hold is 1e400; shorter ones are written otherwise as -0 and 1.10 are. */
function mayBeInexact(bytes: Buffer, start: number, end: number): boolean {
  if (end - start >= '1e400'.length) return true
  return (bytes[start] === MINUS && bytes[start + 1] === ZERO) || (end - start > 3 && bytes[end - 1] === ZERO)
}

function isInexact(bytes: Buffer, start: number, end: number, latin1: string): boolean {
  if (end - start > MAX_WRITTEN_DIGITS && significantDigits(bytes, start, end) > MAX_WRITTEN_DIGITS)
    return !isKey(bytes, end)
  const source = latin1.slice(start, end)
  if (source.length <= MAX_SURE_CHARACTERS && !WRITTEN_OTHERWISE.test(source)) return false
  const value = Number(source)
  // A number may look like a safe integer only because the rest of it was lost, as 1e-400 and -0 do. That 1.0 becomes 1
  // is meant: it may be an id, and some languages write all of their numbers so.
  const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0)
  const isExact = isInteger ? PLAIN_INTEGER.test(source) : String(value) === source
  return !isExact && !isKey(bytes, end)
}

/** From the first digit that is not zero to the last such, of what stands before an exponent. */
function significantDigits(bytes: Buffer, start: number, end: number): number {
  let digits = 0
  let significant = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if ((byte | 0x20) === 0x65) break
    if (byte < ZERO || byte > NINE) continue
    if (byte !== ZERO) significant = ++digits
    else if (digits > 0) digits++
  }
  return significant
}

/** A number in the place of a key is no JSON: as a text it would become some. */
function isKey(bytes: Buffer, end: number): boolean {
  let at = end
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return bytes[at] === COLON
}

function tooDeep({ maxDepth, of }: JsonLimits): GatewayError {
  if (of === 'reply') return replyTooLarge(`is nested more than ${maxDepth} levels deep`, 'reply-json-depth')
  return new GatewayError('too_large', `The JSON is nested more than ${maxDepth} levels deep.`, {
    fix: `Send flatter data. ${raiseLimit('json-depth')}`,
  })
}

function tooMany({ maxTokens, of }: JsonLimits): GatewayError {
  if (of === 'reply') return replyTooLarge(`has more than ${maxTokens} values`, 'reply-json-values')
  return new GatewayError('too_large', `The JSON has more than ${maxTokens} values.`, {
    fix: `Send the data in several calls. ${raiseLimit('json-values')}`,
  })
}

/** With what was counted: whoever sent fewer values than allowed would not believe it otherwise. */
function tooManyNumbers(limits: JsonLimits): GatewayError {
  const { code, message, fix } = tooMany(limits)
  const counted = `Numbers of more than ${MAX_SURE_CHARACTERS} characters count as ${1 + TOKENS_PER_LONG_NUMBER}, those that a double cannot hold as they are written as ${1 + TOKENS_PER_KEPT_NUMBER}.`
  return new GatewayError(code, `${message} ${counted}`, { ...(fix !== undefined && { fix }) })
}

function replyTooLarge(what: string, name: LimitName): GatewayError {
  return new GatewayError('too_large', `The server's answer ${what}.`, {
    fix: `Ask the tool for less, for example with a filter or a page size. ${raiseLimit(name)}`,
  })
}
