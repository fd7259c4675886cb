export interface Piece {
  text: string
  /** Stands for a character that cannot be seen, or that moves others. */
  sign: boolean
}

/** What takes no room, turns the order of letters, or moves a cursor; line breaks and tabs are as they look. */
const UNSEEN =
  /(?![\n\r\t])\p{Cc}|\p{Cf}|\u034f|[\u115f\u1160]|\u17b4|\u17b5|\u3164|\uffa0|[\u{e0100}-\u{e01ef}]/gu

/** A server that hides a million of them must not stop the page: the rest are shown alike. */
const MAX_PIECES = 1_000

/** A text in which nothing hides: every character that cannot be seen becomes its number. */
export function seenText(text: string): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const match of text.matchAll(UNSEEN)) {
    if (pieces.length > MAX_PIECES) break
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), sign: false })
    pieces.push({ text: signOf(match[0]), sign: true })
    end = match.index + match[0].length
  }
  if (end < text.length) pieces.push({ text: text.slice(end).replaceAll(UNSEEN, '\ufffd'), sign: false })
  return pieces
}

function signOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

export interface Difference {
  /** The same on both sides. */
  start: string
  before: string
  after: string
  end: string
}

/** Where two texts differ: all between what they begin and what they end with in common. Cuts between words. */
export function differenceOf(before: string, after: string): Difference {
  const [old, fresh] = [wordsOf(before), wordsOf(after)]
  const most = Math.min(old.length, fresh.length)
  let start = 0
  while (start < most && old[start] === fresh[start]) start += 1
  let end = 0
  while (end < most - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1
  const text = (words: readonly string[], from: number, to: number) => words.slice(from, to).join('')
  return {
    start: text(old, 0, start),
    before: text(old, start, old.length - end),
    after: text(fresh, start, fresh.length - end),
    end: text(old, old.length - end, old.length),
  }
}

function wordsOf(text: string): string[] {
  return text.match(/\s+|[^\s]+/g) ?? []
}

/** `/inputSchema/properties/a~1b` is the field `inputSchema › properties › a/b`. */
export function pathWords(pointer: string): string {
  if (pointer === '') return 'the whole definition'
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join(' › ')
}
