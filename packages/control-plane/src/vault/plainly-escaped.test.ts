import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainlyEscaped } from './plainly-escaped.ts'

const plain = (json: string) => plainlyEscaped(Buffer.from(json)).toString()
const unit = (code: number, upper = false) => {
  const digits = code.toString(16).padStart(4, '0')
  return `\\u${upper ? digits.toUpperCase() : digits}`
}

describe('a JSON text written plainly', () => {
  it.each([
    ['"\\u0063anary"', '"canary"'],
    ['"\\u004A\\u004a"', '"JJ"'],
    ['"\\u0022 \\u005c \\u000a"', '"\\" \\\\ \\n"'],
    ['"\\u0061\\/"', '"a/"'],
    ['"\\u0061\\u00e4\\u20AC\\ud83d\\ude00"', '"aä€😀"'],
    ['"\\u0061\\ud83d"', '"a\\ud83d"'],
    // A backslash that is escaped itself begins nothing.
    ['"\\u0061\\\\u0063"', '"a\\\\u0063"'],
    ['"\\u0061\\u00zz"', '"a\\u00zz"'],
    ['"\\u0061\\', '"a\\'],
  ])('reads %s as %s', (json, expected) => {
    expect(plain(json)).toBe(expected)
  })

  it('is given back itself when no letter or digit is escaped in it', () => {
    const json = Buffer.from('{"a":"b \\n \\u20ac uuu u0"}')
    expect(plainlyEscaped(json)).toBe(json)
  })

  it('means the same, however it was escaped, and is as JSON.stringify writes it', () => {
    const way = fc.constantFrom('as it is', 'escaped', 'in capitals')
    const units = fc.array(fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), way), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(units, (characters) => {
        const written = characters.map(([character, how]) => {
          if (how === 'as it is') return JSON.stringify(character).slice(1, -1)
          return Array.from({ length: character.length }, (_, at) =>
            unit(character.charCodeAt(at), how === 'in capitals'),
          ).join('')
        })
        const value = characters.map(([character]) => character).join('')
        expect(plain(`"\\u0061${written.join('')}"`)).toBe(JSON.stringify(`a${value}`))
      }),
      { numRuns: 40 },
    )
  })
})
