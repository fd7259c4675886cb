import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../model/error.ts'
import {
  checkJsonLimits,
  isRawNumber,
  type JsonLimits,
  NO_LIMITS,
  parseJson as parseLimited,
} from './json.ts'

const parseJson = (text: string) => parseLimited(text, NO_LIMITS)

it.each([
  '9007199254740993',
  '-9007199254740995',
  '18446744073709551615',
  '1e400',
  '-1E+400',
  '1e-400',
  '1234567890.123456789',
  '1.00000000000000000001',
  '0.12345678901234567890',
  '1.10',
  '-12.500',
  '-0',
  '-0.0',
  '-0e3',
  '9223372036854775807',
])('[M18] writes %s as it was read', (number) => {
  expect(JSON.stringify(parseJson(number))).toBe(number)
  expect(JSON.stringify(parseJson(`{"deep":[{"n":${number}}]}`))).toBe(`{"deep":[{"n":${number}}]}`)
})

it('reads numbers that a double holds as numbers', () => {
  expect(parseJson('[1,-2.5,1e+21,9007199254740991,12345678901234.0,2.0000000000000000]')).toEqual([
    1, -2.5, 1e21, 9007199254740991, 12345678901234, 2,
  ])
})

it('keeps numbers exactly only where it must', () => {
  expect(isRawNumber(parseJson('9007199254740993'))).toBe(true)
  expect([0, '9007199254740993', null, {}, [], { rawJSON: '1' }].filter(isRawNumber)).toEqual([])
})

it('leaves texts that look like large numbers as they are', () => {
  const text = '{"9007199254740993":"9007199254740993","t":"1e400"}'
  expect(parseJson(text)).toEqual({ '9007199254740993': '9007199254740993', t: '1e400' })
})

it.each([
  ...['', '{', '{"a":1,}', '01', '1.', 'NaN', "{'a':1}", '[9007199254740993'],
  ...['{9007199254740993:1}', '{"a":1,9007199254740993 :1}', '09007199254740993', '[1-90071992547409931]'],
  ...['9007199254740993.', '[1 9007199254740993]', 'true9007199254740993', '"a"9007199254740993', '1e4000e1'],
])('refuses %j', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})

/** Numbers as anybody may write them, long and short, with every kind of exponent. */
const writtenNumber = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,30}$/)),
    fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,30}$/)),
    exponent: fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?\d{1,3}$/)),
  })
  .map(({ sign, whole, fraction, exponent }) => sign + whole + fraction + exponent)

describe('whatever is read and written again', () => {
  it('has the same numbers, to the last digit', () => {
    const roundTrip = (text: string) => JSON.stringify(parseJson(text))
    fc.assert(
      fc.property(writtenNumber, (text) => {
        expect(exactValue(roundTrip(text))).toBe(exactValue(text))
        expect(exactValue(roundTrip(`[[${text}],0]`).slice(2, -4))).toBe(exactValue(text))
      }),
      { numRuns: 3_000 },
    )
  })

  it('has the same values of every other kind', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2, '\t'), (text, indent) => {
        const oracle = JSON.parse(text)
        const exact = parseJson(`[1e999,${JSON.stringify(oracle, undefined, indent)}]`)
        expect(JSON.stringify(exact)).toBe(`[1e999,${JSON.stringify(oracle)}]`)
      }),
    )
  })

  it('has the same texts beside numbers that are kept exactly, even where those look alike', () => {
    const text = '{"a":"9007199254740993","ä 🎈":[9007199254740993,"\\"9007199254740993","\\\\"],"b":-1e999}'
    expect(JSON.stringify(parseJson(text))).toBe(text)
  })

  it('keeps members with names that objects have anyway', () => {
    const text = '{"__proto__":{"a":9007199254740993},"constructor":1,"toString":2}'
    expect(JSON.stringify(parseJson(text))).toBe(text)
  })
})

/** A number's value as digits without outer zeros and a power of ten. */
function exactValue(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const power = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${sign}${significant}e${power}`
}

describe('the limits of a JSON text', () => {
  const check = (text: string, limits: Partial<JsonLimits>) =>
    checkJsonLimits(Buffer.from(text), { maxDepth: 1_000, maxTokens: 1_000, ...limits })
  const tooLarge = expect.objectContaining({ code: 'too_large' })
  const refusal = (text: string, limits: Partial<JsonLimits>) => {
    try {
      check(text, limits)
      return undefined
    } catch (error) {
      return error
    }
  }

  it('allow the deepest nesting and refuse one level more', () => {
    const nested = (depth: number) => '[{"a":'.repeat(depth / 2) + 1 + '}]'.repeat(depth / 2)
    expect(refusal(nested(64), { maxDepth: 64 })).toBeUndefined()
    expect(refusal(nested(66), { maxDepth: 65 })).toEqual(tooLarge)
  })

  it('count depth, not the number of brackets', () => {
    expect(refusal(`[${'[],'.repeat(400)}[]]`, { maxDepth: 2 })).toBeUndefined()
  })

  it('allow as many tokens as they say and refuse one more', () => {
    // One bracket, and a comma between each two values.
    const list = (length: number) => `[${Array(length).fill(1).join()}]`
    expect(refusal(list(100), { maxTokens: 100 })).toBeUndefined()
    expect(refusal(list(101), { maxTokens: 100 })).toEqual(tooLarge)
    expect(refusal('{"a":{"b":{"c":1}}}', { maxTokens: 6 })).toBeUndefined()
    expect(refusal('{"a":{"b":{"c":1}}}', { maxTokens: 5 })).toEqual(tooLarge)
    expect(refusal('[[[[', { maxTokens: 3 })).toEqual(tooLarge)
  })

  it('count a long number as two values, and one that is kept as it was written as four', () => {
    const read = (numbers: string[], maxTokens: number) => () =>
      parseLimited(`[${numbers.join()}]`, { maxDepth: 1, maxTokens })
    const kept = ['9007199254740993', '1e400', '12345678901234567890']
    expect(read(kept, 12)).not.toThrow()
    expect(read(kept, 11)).toThrow(
      /more than 11 values\. Numbers of more than 15 characters count as 2, .* as 4\./,
    )
    expect(read(['9007199254740991', '0.5', '1e5', '0.12345678901234'], 6)).not.toThrow()
    expect(read(['9007199254740991', '0.5', '1e5', '0.12345678901234'], 5)).toThrow()
  })

  it('do not count what stands inside of texts', () => {
    const texts = ['[[[[,,,,::::', '\\"[[[[', '"[[[[', 'ä[[[["', '\u2028{{{{', '\\\\']
    expect(refusal(JSON.stringify(texts), { maxDepth: 1, maxTokens: 10 })).toBeUndefined()
  })

  it('are those of any JSON: what a parser counts', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 1), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent)
        const counted = { maxDepth: depthOf(value), maxTokens: tokensOf(value) }
        expect(refusal(text, counted)).toBeUndefined()
        if (counted.maxDepth > 0) expect(refusal(text, { maxDepth: counted.maxDepth - 1 })).toEqual(tooLarge)
        if (counted.maxTokens > 0)
          expect(refusal(text, { maxTokens: counted.maxTokens - 1 })).toEqual(tooLarge)
      }),
    )
  })

  it('end at the end, even of what is no JSON', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\\"[\]{},:a]*$/), (text) => {
        const thrown = refusal(text, { maxDepth: 2 })
        expect(thrown === undefined || thrown instanceof GatewayError).toBe(true)
      }),
    )
  })
})

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function tokensOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const members = Object.values(value)
  const commas = Math.max(0, members.length - 1)
  const colons = Array.isArray(value) ? 0 : members.length
  return 1 + commas + colons + members.reduce((sum: number, member) => sum + tokensOf(member), 0)
}
