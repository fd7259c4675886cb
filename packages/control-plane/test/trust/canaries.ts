import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Part of a secret that is long enough to be nothing else: what is looked for, so that half a secret is found too. */
const PIECE_LENGTH = 20

export interface Canary {
  value: string
  /** The parts of letters and digits alone, of which nothing may turn up. */
  pieces: string[]
}

function base62(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
}

/** A secret that is like no other text. */
export function plainCanary(): Canary {
  const [head, tail] = [base62(PIECE_LENGTH), base62(PIECE_LENGTH)]
  return { value: `cnry_${head}${tail}`, pieces: [head, tail] }
}

/** A secret with characters that every encoding writes in its own way. `odd` stands in the middle. */
export function oddCanary(odd: string): Canary {
  const [head, tail] = [base62(PIECE_LENGTH), base62(PIECE_LENGTH)]
  return { value: `${head}${odd}${tail}`, pieces: [head, tail] }
}

/** A credential that is a JSON document, as a service account's is: each text in it is a secret of its own. */
export function structuredCanary(): Canary & { leaves: Canary[] } {
  const leaves = [plainCanary(), plainCanary()]
  const [email, key] = leaves
  return {
    value: JSON.stringify({ type: 'service', email: email?.value, keys: [{ private: key?.value }] }),
    pieces: leaves.flatMap(({ pieces }) => pieces),
    leaves,
  }
}

const everyUnit = (text: string, write: (code: number) => string) =>
  Array.from({ length: text.length }, (_, at) => write(text.charCodeAt(at))).join('')
const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0')

/** How a piece may be written, told without the code under test. */
function writings(piece: string): Buffer[] {
  const raw = Buffer.from(piece)
  const texts = [
    piece,
    raw.toString('hex'),
    raw.toString('hex').toUpperCase(),
    everyUnit(piece, (code) => `%${hex(code, 2)}`),
    everyUnit(piece, (code) => `%${hex(code, 2).toUpperCase()}`),
    everyUnit(piece, (code) => `\\u${hex(code, 4)}`),
    everyUnit(piece, (code) => `\\u${hex(code, 4).toUpperCase()}`),
    ...[0, 1, 2].flatMap((before) => {
      const start = Math.ceil((before * 8) / 6)
      const end = Math.floor(((before + raw.length) * 8) / 6)
      const padded = Buffer.concat([Buffer.alloc(before), raw])
      return (['base64', 'base64url'] as const).map((way) => padded.toString(way).slice(start, end))
    }),
  ]
  return [...[...new Set(texts)].map((text) => Buffer.from(text)), ...utf16(piece)]
}

function utf16(piece: string): Buffer[] {
  const little = Buffer.from(piece, 'utf16le')
  return [little, Buffer.from(little).swap16()]
}

/**
 * Gives what was found of the canaries in some bytes: nothing, if all is well. Looks for all of them in one pass, by
 * their first four bytes: there are more than a thousand.
 */
export function createHunt(canaries: readonly Canary[]): (haystack: Buffer | string) => string[] {
  const byStart = new Map<number, { bytes: Buffer; name: string }[]>()
  const isStart = new Uint8Array(65_536)
  for (const { value, pieces } of canaries) {
    for (const bytes of pieces.flatMap(writings)) {
      const start = bytes.readUInt32BE()
      byStart.set(start, [...(byStart.get(start) ?? []), { bytes, name: value.slice(0, 12) }])
      isStart[start & 0xffff] = 1
    }
  }
  return (haystack) => {
    const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack
    const found: string[] = []
    let window = 0
    for (let at = 0; at < bytes.length; at += 1) {
      window = (window << 8) | (bytes[at] ?? 0)
      if (isStart[window & 0xffff] === 0) continue
      for (const needle of byStart.get(window >>> 0) ?? []) {
        if (!bytes.subarray(Math.max(0, at - 3), at - 3 + needle.bytes.length).equals(needle.bytes)) continue
        found.push(`${needle.name}… in ${JSON.stringify(excerpt(bytes, at))}`)
      }
    }
    return found
  }
}

function excerpt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', Math.max(0, at - 60), at + 40)
}

/** How a server writes a secret when it repeats it, as the inside of a JSON text. */
export const ENCODINGS: Record<string, (secret: string) => string> = {
  raw: (secret) => JSON.stringify(secret).slice(1, -1),
  'base64, first alignment': (secret) => Buffer.from(secret).toString('base64'),
  'base64, second alignment': (secret) => Buffer.from(`u${secret}!`).toString('base64'),
  'base64, third alignment': (secret) => Buffer.from(`u:${secret}`).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  percent: (secret) => encodeURIComponent(secret),
  'percent, small': (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'JSON escapes': (secret) => everyUnit(secret, (code) => `\\u${hex(code, 4)}`),
  'JSON escapes, capitals': (secret) => everyUnit(secret, (code) => `\\u${hex(code, 4).toUpperCase()}`),
  'JSON escapes here and there': (secret) =>
    Array.from({ length: secret.length }, (_, at) =>
      at % 3 === 0 ? `\\u${hex(secret.charCodeAt(at), 4)}` : JSON.stringify(secret.charAt(at)).slice(1, -1),
    ).join(''),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  'hex, capitals': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
}

/** The secret in every encoding, as the inside of one JSON text. */
export function inEveryWay(secret: string): string {
  return Object.entries(ENCODINGS)
    .map(([name, encode]) => `${name}: ${encode(secret)} `)
    .join('')
}
