import type { Scrubber } from '../model/credential.ts'
import { fitToJson } from './json-spans.ts'
import { plainlyEscaped } from './plainly-escaped.ts'
import { formsOf, secretsIn } from './secret-forms.ts'
import type { Span } from './span.ts'

export { isScrubbable } from './secret-forms.ts'

interface Needle {
  bytes: Buffer
  /** The end of it from its rarest letter on: where this is not found, the whole is not either. */
  rareEnd: Buffer
  name: string
}

/** What to look for, by the byte without which in a message none of it is there. */
type Needles = { sign: number | undefined; needles: Needle[] }[]

/**
 * Takes a credential's values out of what comes back, leaving `[redacted:NAME]`. Looks for each value of at least
 * eight characters as it is, JSON-escaped, base64, percent-encoded and hexadecimal, also in the middle of encoded
 * text; not backwards, in pieces, or encoded twice but in JSON. A message that is JSON stays JSON. Looking costs a few
 * microseconds per 100 kB and form, changing more.
 */
export function createScrubber(values: ReadonlyMap<string, string>): Scrubber {
  const needles = needlesFor(values)

  function scrub(message: Buffer, fit: (plain: Buffer, spans: Span[]) => Span[]): Buffer {
    const plain = plainlyEscaped(message)
    const spans = findAll(plain, needles)
    if (spans.length === 0) return message
    return replaceSpans(plain, merged(fit(plain, spans)))
  }

  return {
    bytes: (message) => scrub(message, (plain, spans) => (isJson(plain) ? fitToJson(plain, spans) : spans)),
    text(text) {
      const message = Buffer.from(text)
      const scrubbed = scrub(message, (_, spans) => spans)
      return scrubbed === message ? text : scrubbed.toString()
    },
  }
}

/** Backslash and per cent; a form has the first of them that is in it. */
const SIGNS = [0x5c, 0x25, undefined]

function needlesFor(values: ReadonlyMap<string, string>): Needles {
  const names = new Map<string, string>()
  for (const [name, value] of values) {
    for (const form of secretsIn(value).flatMap(formsOf)) if (!names.has(form)) names.set(form, name)
  }
  const formsBySign = Map.groupBy(names, ([form]) =>
    SIGNS.find((sign) => sign === undefined || form.includes(String.fromCharCode(sign))),
  )
  return Array.from(formsBySign, ([sign, forms]) => ({ sign, needles: forms.map(needleFor) }))
}

function needleFor([form, name]: [string, string]): Needle {
  return { bytes: Buffer.from(form), rareEnd: Buffer.from(rareEndOf(form)), name }
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
function findAll(message: Buffer, groups: Needles): Span[] {
  const spans: Span[] = []
  for (const { sign, needles } of groups) {
    if (sign !== undefined && message.indexOf(sign) === -1) continue
    for (const needle of needles) findNeedle(message, needle, spans)
  }
  return spans.length < 2 ? spans : spans.sort((a, b) => a.start - b.start || b.end - a.end)
}

function findNeedle(message: Buffer, { bytes, rareEnd, name }: Needle, spans: Span[]): void {
  if (message.indexOf(rareEnd) === -1) return
  let start = message.indexOf(bytes)
  while (start !== -1) {
    spans.push({ start, end: start + bytes.length, name })
    start = message.indexOf(bytes, start + bytes.length)
  }
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
