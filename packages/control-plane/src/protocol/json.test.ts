import { expect, it } from 'vitest'
import { parseJson } from './json.ts'

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
])('writes %s as it was read', (number) => {
  expect(JSON.stringify(parseJson(number))).toBe(number)
  expect(JSON.stringify(parseJson(`{"deep":[{"n":${number}}]}`))).toBe(`{"deep":[{"n":${number}}]}`)
})

it('reads numbers that a double holds as numbers', () => {
  expect(parseJson('[1,-2.5,9007199254740991,12345678901234.0,2.0000000000000000]')).toEqual([
    1, -2.5, 9007199254740991, 12345678901234, 2,
  ])
})
