const BACKSLASH = 0x5c
const LETTER_U = 0x75
const SLASH = 0x2f

/**
 * Letters and digits are \u0030 to \u007a, and a value that is worth looking for holds some. Without the backslash,
 * which is so frequent in JSON within JSON that the search would stop at it all the time.
 */
const ESCAPED = Buffer.from('u00')

/**
 * A JSON text in which only that is escaped which has to be, as `JSON.stringify` writes it: a server could otherwise
 * spell a value in a thousand ways (`\u0063anary`) that all mean the same to whoever parses it. Only texts in which
 * there is an escaped letter or digit are written anew; any other is given back as it is.
 */
export function plainlyEscaped(json: Buffer): Buffer {
  if (json.indexOf(BACKSLASH) === -1 || json.indexOf(ESCAPED) === -1) return json
  const plain = Buffer.allocUnsafe(json.length)
  let length = 0
  let at = 0
  while (at < json.length) {
    const byte = json[at] ?? 0
    if (byte !== BACKSLASH) {
      plain[length++] = byte
      at += 1
      continue
    }
    const written = readEscape(json, at)
    length += writeEscape(plain, length, written)
    at += written.length
  }
  return plain.subarray(0, length)
}

interface Escape {
  /** How many bytes it takes. */
  length: number
  /** The character it stands for; undefined where it is to be left as it is. */
  code: number | undefined
  /** The byte after the backslash. */
  letter: number
}

function readEscape(json: Buffer, at: number): Escape {
  const letter = json[at + 1]
  if (letter === undefined) return { length: 1, code: BACKSLASH, letter: 0 }
  if (letter === SLASH) return { length: 2, code: SLASH, letter }
  if (letter !== LETTER_U) return { length: 2, code: undefined, letter }
  const first = hexAt(json, at + 2)
  if (first === undefined) return { length: 2, code: undefined, letter }
  const isPair = isBetween(first, 0xd800, 0xdbff) && json[at + 6] === BACKSLASH && json[at + 7] === LETTER_U
  const second = isPair ? hexAt(json, at + 8) : undefined
  if (second === undefined || !isBetween(second, 0xdc00, 0xdfff)) return { length: 6, code: first, letter }
  return { length: 12, code: (first - 0xd800) * 0x400 + (second - 0xdc00) + 0x10000, letter }
}

/** Gives the number of bytes written, which is never more than the escape took. */
function writeEscape(plain: Buffer, at: number, { code, letter, length }: Escape): number {
  if (code === undefined || length === 1) {
    plain[at] = BACKSLASH
    if (length === 1) return 1
    plain[at + 1] = letter
    return 2
  }
  const mustStay = code < 0x20 || code === 0x22 || code === BACKSLASH || isBetween(code, 0xd800, 0xdfff)
  if (!mustStay && code < 0x80) {
    plain[at] = code
    return 1
  }
  const character = String.fromCodePoint(code)
  return plain.write(mustStay ? JSON.stringify(character).slice(1, -1) : character, at)
}

function hexAt(json: Buffer, at: number): number | undefined {
  let value = 0
  for (let index = at; index < at + 4; index += 1) {
    const digit = HEX_DIGITS.get(json[index] ?? 0)
    if (digit === undefined) return undefined
    value = value * 16 + digit
  }
  return value
}

const HEX_DIGITS: ReadonlyMap<number, number> = new Map(
  Array.from('0123456789abcdefABCDEF', (digit) => [digit.charCodeAt(0), Number.parseInt(digit, 16)]),
)

function isBetween(value: number, first: number, last: number): boolean {
  return value >= first && value <= last
}
