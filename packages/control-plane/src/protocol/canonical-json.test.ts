import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { NO_LIMITS, parseJson } from './json.ts'

const canonical = (text: string) => canonicalJson(parseJson(text, NO_LIMITS))

describe('canonical JSON', () => {
  it('is the same whatever the order of keys and the spaces', () => {
    expect(canonical('{"b": [1, {"z":null,"a":true}],\n"a":"x"}')).toBe(
      '{"a":"x","b":[1,{"a":true,"z":null}]}',
    )
    expect(canonical('{"é":1,"z":2,"Z":3,"😀":4,"\\uff5e":5}')).toBe('{"Z":3,"z":2,"é":1,"😀":4,"～":5}')
  })

  it('keeps the order of lists', () => {
    expect(canonical('[2,1]')).not.toBe(canonical('[1,2]'))
  })

  it('tells numbers apart that a double cannot', () => {
    expect(canonical('9007199254740993')).toBe('9007199254740993')
    expect(canonical('[1e400,0.1000000000000000055,-1e-400]')).toBe('[1e400,1000000000000000055e-19,-1e-400]')
  })

  it('gives one number one text, whatever else stands beside it', () => {
    const spellings = ['1.10', '1.1', '11e-1', '0.11E+1']
    for (const spelling of spellings) {
      expect(canonical(`[${spelling}]`)).toBe('[1.1]')
      // A number of many digits has all others read digit by digit.
      expect(canonical(`[${spelling},9007199254740993]`)).toBe('[1.1,9007199254740993]')
    }
    expect(canonical('[1.0,100e-2,-0,0e7,10000000000000000000000,1e22]')).toBe('[1,1,0,0,1e+22,1e+22]')
  })

  it('keeps members that are called like those every object has', () => {
    expect(canonical('{"__proto__":{"a":1},"constructor":2}')).toBe('{"__proto__":{"a":1},"constructor":2}')
  })

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        expect(JSON.parse(canonical(text))).toEqual(JSON.parse(text))
        expect(canonical(canonical(text))).toBe(canonical(text))
      }),
    )
  })

  it('does not stop for a number of a million digits', () => {
    const startedAt = performance.now()
    canonical(`[${'1'.repeat(500_000)}.${'0'.repeat(500_000)}1]`)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})
