import { GatewayError } from '../model/error.ts'

export interface JsonLimits {
  maxDepth: number
  /** Brackets, commas and colons outside of strings: what decides the memory that parsing takes. */
  maxTokens: number
}

/** 64 levels and 100,000 tokens: 4 MB of brackets would otherwise block the process for over a second. */
export const REQUEST_LIMITS: JsonLimits = { maxDepth: 64, maxTokens: 100_000 }

/** Servers send lists of hundreds of schemas; the largest one known has 1 MB. */
export const REPLY_LIMITS: JsonLimits = { maxDepth: 200, maxTokens: 2_000_000 }

// Digits that a double cannot hold, an exponent that may overflow, and, where a value begins, a zero with a minus or at
// the end of a fraction: only then is the slower parse needed. Dates and versions in texts must not ask for it.
const NEEDS_EXACT_NUMBERS = /[\d.]{16}|\d[eE][+-]?\d{3}|(?:^|[:,[\s])(?:-0|-?\d+\.\d*0(?=[\s,}\]]|$))/
const PLAIN_INTEGER = /^-?\d+(?:\.0+)?$/

/**
 * Parses JSON so that it is written again with the same digits: numbers that JavaScript would write otherwise become
 * `JSON.rawJSON` objects, which JSON.stringify writes as they were. Throws SyntaxError for what is not JSON.
 */
export function parseJson(text: string): unknown {
  if (!NEEDS_EXACT_NUMBERS.test(text)) return JSON.parse(text)
  return JSON.parse(text, keepExactNumber)
}

function keepExactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  const { source } = context
  // A number may look like a safe integer only because the rest of it was lost, as 1e-400 and -0 do. That 1.0 becomes 1
  // is meant: it may be an id, and some languages write all of their numbers so.
  const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0)
  return (isInteger ? PLAIN_INTEGER.test(source) : String(value) === source) ? value : rawJson(source)
}

// TypeScript's library does not know JSON.rawJSON yet; Node has it since 22.
const jsonWithRaw = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { rawJSON: string }
}

function rawJson(source: string): object {
  return jsonWithRaw.rawJSON(source)
}

/** A number kept exactly by `parseJson`. */
export function isRawNumber(value: unknown): value is { rawJSON: string } {
  return jsonWithRaw.isRawJSON(value)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Throws `too_large` when the text is nested too deeply or has too many tokens. Looks at each byte once, builds nothing. */
export function checkJsonLimits(bytes: Uint8Array, limits: JsonLimits): void {
  let depth = 0
  let tokens = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = endOfString(bytes, at)
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      tokens++
      if (++depth > limits.maxDepth) throw tooDeep(limits)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--
    } else if (byte === COMMA || byte === COLON) {
      if (++tokens > limits.maxTokens) throw tooMany(limits)
    }
  }
  if (tokens > limits.maxTokens) throw tooMany(limits)
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function tooDeep({ maxDepth }: JsonLimits): GatewayError {
  return new GatewayError('too_large', `The JSON is nested more than ${maxDepth} levels deep.`, {
    fix: 'Send flatter data.',
  })
}

function tooMany({ maxTokens }: JsonLimits): GatewayError {
  return new GatewayError('too_large', `The JSON has more than ${maxTokens} values.`, {
    fix: 'Send the data in several calls.',
  })
}
