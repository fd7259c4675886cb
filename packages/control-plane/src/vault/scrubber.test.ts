import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScrubber, isScrubbable } from './scrubber.ts'

const TOKEN = 'cnry_Zq7pW2xK9vT4mB8n'
const AWKWARD = 'p"a\\s/s+w%o r&d<\u00e4\u20ac\u{1f511}>\'`=\n~'

function scrubberFor(values: Record<string, string>) {
  return createScrubber(new Map(Object.entries(values)))
}

function scrubbed(values: Record<string, string>, message: string): string {
  return scrubberFor(values).bytes(Buffer.from(message)).toString()
}

function unicodeEscaped(text: string, which: RegExp, upper = false): string {
  return text.replace(which, (unit) => {
    const digits = unit.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${upper ? digits.toUpperCase() : digits}`
  })
}

function inner(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function percent(bytes: Buffer, keep: RegExp): string {
  return [...bytes]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return keep.test(character) ? character : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`
    })
    .join('')
}

/** How the common encoders write a value, each in its own words. */
const WAYS: [string, (value: string) => string][] = [
  ['as it is', (value) => value],
  ['JSON by JavaScript', inner],
  ['JSON by Python', (value) => unicodeEscaped(inner(value), /[\u007f-\uffff]/g)],
  ['JSON by Go', (value) => unicodeEscaped(inner(value), /[<>&]/g)],
  ['JSON by PHP', (value) => unicodeEscaped(inner(value).replaceAll('/', '\\/'), /[\u0080-\uffff]/g)],
  ['JSON by Gson', (value) => unicodeEscaped(inner(value), /[<>&=']/g)],
  [
    'JSON by .NET',
    (value) => unicodeEscaped(inner(value).replaceAll('\\"', '\\u0022'), /[<>&'`+\u007f-\uffff]/g, true),
  ],
  ['JSON in JSON', (value) => inner(inner(value))],
  ['JSON by Python in JSON', (value) => inner(unicodeEscaped(inner(value), /[\u007f-\uffff]/g))],
  ['base64', (value) => Buffer.from(value).toString('base64')],
  ['base64url', (value) => Buffer.from(value).toString('base64url')],
  ['base64 behind a user name', (value) => Buffer.from(`user:${value}`).toString('base64')],
  ['base64 in JSON by PHP', (value) => Buffer.from(value).toString('base64').replaceAll('/', '\\/')],
  ['hexadecimal', (value) => Buffer.from(value).toString('hex')],
  ['hexadecimal in capitals', (value) => Buffer.from(value).toString('hex').toUpperCase()],
  ['encodeURIComponent', (value) => encodeURIComponent(value)],
  [
    'percent-encoded in small letters',
    (value) => encodeURIComponent(value).replace(/%../g, (c) => c.toLowerCase()),
  ],
  ['percent-encoded after RFC 3986', (value) => percent(Buffer.from(value), /[A-Za-z0-9\-._~]/)],
  ['percent-encoded by Python', (value) => percent(Buffer.from(value), /[A-Za-z0-9\-._~/]/)],
  ['an HTML form', (value) => new URLSearchParams({ v: value }).toString().slice(2)],
]

describe('scrubbing', () => {
  for (const [way, encode] of WAYS) {
    it(`takes out a value written as ${way}, wherever it stands`, () => {
      for (const value of [TOKEN, AWKWARD]) {
        const scrubber = scrubberFor({ TOKEN: value })
        const echoed = encode(value)
        for (let offset = 0; offset < 20; offset += 1) {
          const message = Buffer.from(`${'.'.repeat(offset)}${echoed}${'.'.repeat(offset % 3)}`)
          const clean = scrubber.bytes(message).toString()
          expect(clean).toContain('[redacted:TOKEN]')
          expect(clean).not.toContain(echoed)
          // At most what base64 mixes with its neighbours may be left.
          expect(clean.replaceAll('.', '').replace('[redacted:TOKEN]', '').length).toBeLessThan(14)
        }
      }
    })
  }

  it('leaves no base64 of a value in any surroundings', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 6 }),
        fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }),
        fc.uint8Array({ maxLength: 6 }),
        fc.constantFrom('base64' as const, 'base64url' as const),
        (before, value, after, encoding) => {
          const text = Buffer.concat([before, Buffer.from(value), after]).toString(encoding)
          const clean = scrubbed({ V: value }, `#${text}`)
          // What is left decodes to nothing of the value but its first and last byte.
          const pieces = clean.slice(1).split('[redacted:V]')
          return pieces.length > 1 && pieces.every((piece) => piece.length <= 4 + 8)
        },
      ),
    )
  })

  it('takes out whatever a value is, wherever in a text', () => {
    const value = fc.string({ minLength: 8, maxLength: 30, unit: 'binary' })
    fc.assert(
      fc.property(fc.string(), value, fc.string(), (before, secret, after) => {
        return !scrubberFor({ V: secret })
          .text(before + secret + after)
          .includes(secret)
      }),
    )
  })

  it('keeps a JSON message JSON, with the value gone', () => {
    const value = fc.string({
      minLength: 8,
      maxLength: 20,
      unit: fc.constantFrom('a', '1', '"', '\\', '/', '\n', 'u', '0', ','),
    })
    fc.assert(
      fc.property(value, fc.jsonValue(), fc.string(), (secret, other, around) => {
        const message = JSON.stringify({
          other,
          text: around + secret + around,
          list: [secret, 1],
          [secret]: other,
        })
        const clean: unknown = JSON.parse(scrubbed({ V: secret }, message))
        return !textsIn(clean).some((text) => text.includes(secret))
      }),
      { numRuns: 500 },
    )
  })

  function textsIn(node: unknown): string[] {
    if (typeof node === 'string') return [node]
    if (typeof node !== 'object' || node === null) return []
    return Object.entries(node).flatMap(([key, value]) => [key, ...textsIn(value)])
  }

  it('keeps JSON readable when a value stands there as a number', () => {
    const message =
      '{"id":7,"result":{"account":123456789012,"more":[-99123456789012.5e3],"text":"123456789012"}}'
    expect(JSON.parse(scrubbed({ ACCOUNT: '123456789012' }, message))).toEqual({
      id: 7,
      result: { account: '[redacted:ACCOUNT]', more: ['[redacted:ACCOUNT]'], text: '[redacted:ACCOUNT]' },
    })
  })

  it('keeps JSON readable when a value looks like a piece of the message', () => {
    const message = '{"a":"x","bcdefgh":[1,2],"t":"\\nabcdefgh \\u0041bcdefgh"}'
    for (const secret of ['"a":"x","b', 'nabcdefgh', 'u0041bcd', '0041bcde', '"},{"t":', ',"t":"\\nabc']) {
      expect(() => JSON.parse(scrubbed({ V: secret }, message))).not.toThrow()
    }
  })

  it('finds what it looks for in a message that only resembles JSON', () => {
    expect(scrubbed({ V: TOKEN }, `[error] "bad token ${TOKEN}`)).toBe('[error] "bad token [redacted:V]')
    expect(scrubbed({ V: 'ab","cd"x' }, '{"text":"ab","cd"x')).toBe('{"text":"[redacted:V]')
  })

  it('scrubs the texts inside a value that is JSON, also one by one', () => {
    const account = JSON.stringify({
      type: 'x',
      nested: { private_key: '-----BEGIN\nMIIEvQ==\n-----END' },
      list: [TOKEN],
    })
    const message = JSON.stringify({ key: '-----BEGIN\nMIIEvQ==\n-----END', token: TOKEN, whole: account })
    expect(JSON.parse(scrubbed({ ACCOUNT: account }, message))).toEqual({
      key: '[redacted:ACCOUNT]',
      token: '[redacted:ACCOUNT]',
      whole: '[redacted:ACCOUNT]',
    })
  })

  it('scrubs the secret parts of a URL, as written and decoded, and leaves the host', () => {
    const url = 'postgres://service:pa%2Fss%40word@db.example.com/main?sslpassword=another-secret'
    const clean = scrubbed({ DB: url }, 'pa/ss@word pa%2Fss%40word another-secret db.example.com service')
    expect(clean).toBe('[redacted:DB] [redacted:DB] [redacted:DB] db.example.com service')
    expect(scrubbed({ DB: url }, `cannot reach ${url}`)).toBe('cannot reach [redacted:DB]')
  })

  it('takes a value out whole when another is a part of it or overlaps it', () => {
    const values = { SHORT: 'abcdefgh', LONG: 'abcdefghijkl', OVERLAPPING: 'ijklmnopq' }
    expect(scrubbed(values, 'abcdefghijkl')).toBe('[redacted:LONG]')
    expect(scrubbed(values, 'abcdefgh!')).toBe('[redacted:SHORT]!')
    expect(scrubbed(values, 'abcdefghijklmnopq.')).toBe('[redacted:LONG].')
  })

  it('takes every occurrence out', () => {
    expect(scrubbed({ V: TOKEN }, `${TOKEN}${TOKEN} ${TOKEN}`)).toBe('[redacted:V][redacted:V] [redacted:V]')
  })

  it('finds a value stored with a line end by its text alone', () => {
    expect(scrubbed({ V: `${TOKEN}\n` }, `token ${TOKEN}!`)).toBe('token [redacted:V]!')
  })

  it('returns the very same message when there is nothing to take out', () => {
    const scrubber = scrubberFor({ TOKEN })
    const message = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}')
    expect(scrubber.bytes(message)).toBe(message)
    expect(scrubber.text('half a character: \ud800')).toBe('half a character: \ud800')
    expect(createScrubber(new Map()).bytes(message)).toBe(message)
  })

  it('leaves bytes that are not text as they are', () => {
    const binary = Buffer.from([0xff, 0xfe, 0x00, ...Buffer.from(TOKEN), 0xc3])
    const expected = Buffer.from([0xff, 0xfe, 0x00, ...Buffer.from('[redacted:V]'), 0xc3])
    expect(scrubberFor({ V: TOKEN }).bytes(binary)).toEqual(expected)
  })

  it('leaves values alone that are too short to be told from ordinary text', () => {
    expect(isScrubbable('1234567')).toBe(false)
    expect(isScrubbable('12345678')).toBe(true)
    expect(scrubbed({ PIN: '1234567' }, '1234567')).toBe('1234567')
  })
})
