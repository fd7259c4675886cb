import type { Span } from './span.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_U = 0x75

/**
 * Fits places to the grammar of a JSON message, so that it can still be read when they are replaced: a place in a
 * text takes in whole escapes, a place in a number the whole number. A place across the border of a text is let go:
 * what it seemed to be is not a value of the message. `spans` must be sorted by where they begin.
 */
export function fitToJson(json: Buffer, spans: readonly Span[]): Span[] {
  const moveTo = createCursor(json)
  return spans.flatMap((span) => {
    const { unitStart, inText } = moveTo(span.start)
    return (inText ? fitToText(json, span, unitStart) : fitToNumber(json, span)) ?? []
  })
}

/** Moves forward through a message and tells where the character or escape at a place begins. */
function createCursor(json: Buffer): (target: number) => { unitStart: number; inText: boolean } {
  let at = 0
  let inText = false
  return (target) => {
    for (let next = at + unitLength(json, at); next <= target; next = at + unitLength(json, at)) {
      if (json[at] === QUOTE) inText = !inText
      at = next
    }
    return { unitStart: at, inText }
  }
}

function unitLength(json: Buffer, at: number): number {
  if (json[at] !== BACKSLASH) return 1
  return json[at + 1] === LETTER_U ? 6 : 2
}

function fitToText(json: Buffer, span: Span, unitStart: number): Span | undefined {
  let at = unitStart
  while (at < span.end) {
    if (json[at] === QUOTE) return undefined
    at += unitLength(json, at)
  }
  return { ...span, start: unitStart, end: at }
}

function fitToNumber(json: Buffer, span: Span): Span | undefined {
  let { start, end } = span
  for (let at = start; at < end; at += 1) if (!isNumberByte(json[at])) return undefined
  while (isNumberByte(json[start - 1])) start -= 1
  while (isNumberByte(json[end])) end += 1
  return { ...span, start, end, quoted: true }
}

function isNumberByte(byte: number | undefined): boolean {
  return byte !== undefined && '0123456789+-.eE'.includes(String.fromCharCode(byte))
}
