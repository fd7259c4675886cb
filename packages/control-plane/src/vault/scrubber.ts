import type { Scrubber } from '../model/credential.ts'
import { fitToJson } from './json-spans.ts'
import { formsOf, secretsIn } from './secret-forms.ts'

export { isScrubbable } from './secret-forms.ts'

interface Needle {
  bytes: Buffer
  /** The end of it from its rarest letter on: where this is not found, the whole is not either. */
  rareEnd: Buffer
  name: string
}

/** A place in a message that gives a value away. */
export interface Span {
  start: number
  end: number
  /** The value's name. */
  name: string
  /** The place of a JSON number: what stands there instead must be a JSON text. */
  quoted?: boolean
}

/**
 * Takes a credential's values out of what comes back, leaving `[redacted:NAME]`. Looks for each value of at least
 * eight characters as it is, JSON-escaped, base64, percent-encoded and hexadecimal, also in the middle of encoded
 * text. A message that is JSON stays JSON. Looking costs a few microseconds per 100 kB and form, changing more.
 */
export function createScrubber(values: ReadonlyMap<string, string>): Scrubber {
  const needles = needlesFor(values)

  function scrub(message: Buffer, fit: (spans: Span[]) => Span[]): Buffer {
    const spans = findAll(message, needles)
    if (spans.length === 0) return message
    return replaceSpans(message, merged(fit(spans)))
  }

  return {
    bytes: (message) => scrub(message, (spans) => (isJson(message) ? fitToJson(message, spans) : spans)),
    text(text) {
      const message = Buffer.from(text)
      const scrubbed = scrub(message, (spans) => spans)
      return scrubbed === message ? text : scrubbed.toString()
    },
  }
}

function needlesFor(values: ReadonlyMap<string, string>): Needle[] {
  const names = new Map<string, string>()
  for (const [name, value] of values) {
    for (const form of secretsIn(value).flatMap(formsOf)) if (!names.has(form)) names.set(form, name)
  }
  return Array.from(names, ([form, name]) => ({
    bytes: Buffer.from(form),
    rareEnd: Buffer.from(rareEndOf(form)),
    name,
  }))
}

// Letters as rare in JSON and prose as they stand here, the rarest first. A search looks for the first letter by
// itself, so that one that hardly ever occurs is found missing many times faster.
const RAREST_FIRST = 'QZXJKVYUWGHBOFNDMLPRECSATI7986543%/+_-210zqjxkvbwgypmcfuhdlrsnioate'
const MIN_END_LENGTH = 6

function rareEndOf(form: string): string {
  let best = 0
  for (let at = 1; at <= form.length - MIN_END_LENGTH; at++)
    if (rarity(form, at) < rarity(form, best)) best = at
  return form.slice(best)
}

function rarity(form: string, at: number): number {
  const rank = RAREST_FIRST.indexOf(form.charAt(at))
  return rank === -1 ? RAREST_FIRST.length : rank
}

/** By where they begin, longer ones first. */
function findAll(message: Buffer, needles: readonly Needle[]): Span[] {
  const spans: Span[] = []
  for (const { bytes, rareEnd, name } of needles) {
    if (message.indexOf(rareEnd) === -1) continue
    let start = message.indexOf(bytes)
    while (start !== -1) {
      spans.push({ start, end: start + bytes.length, name })
      start = message.indexOf(bytes, start + bytes.length)
    }
  }
  return spans.sort((a, b) => a.start - b.start || b.end - a.end)
}

/** Overlapping places become one, named after the longest: no end of a value is left standing. */
function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  let longest = 0
  for (const span of spans) {
    const last = result.at(-1)
    const length = span.end - span.start
    if (last === undefined || span.start >= last.end) {
      result.push({ ...span })
      longest = length
      continue
    }
    last.end = Math.max(last.end, span.end)
    if (length > longest) {
      last.name = span.name
      longest = length
    }
  }
  return result
}

function replaceSpans(message: Buffer, spans: readonly Span[]): Buffer {
  const pieces: Buffer[] = []
  let done = 0
  for (const { start, end, name, quoted } of spans) {
    const mark = `[redacted:${name}]`
    pieces.push(message.subarray(done, start), Buffer.from(quoted ? `"${mark}"` : mark))
    done = end
  }
  return Buffer.concat([...pieces, message.subarray(done)])
}

function isJson(message: Buffer): boolean {
  try {
    JSON.parse(message.toString())
    return true
  } catch {
    return false
  }
}
